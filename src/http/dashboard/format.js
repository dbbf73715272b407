// @ts-check
/** Numbers and times as people read them. */

const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 });

export const unknown = '–';

/** @param {number | null} value */
export const count = (value) => (value === null ? unknown : whole.format(value));

/**
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export const counted = (value, one, many = `${one}s`) => `${whole.format(value)} ${value === 1 ? one : many}`;

/** @param {number | null} value records a second */
export const rate = (value) =>
  value === null ? unknown : value >= 10 ? whole.format(Math.round(value)) : short.format(value);

/**
 * @param {number | null} ms
 * @returns {string} with its unit
 */
export function duration(ms) {
  if (ms === null) return unknown;
  if (ms < 0.5) return '0 s';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return two(seconds, 60, 'min', 's');
  if (seconds < 86_400) return two(Math.round(seconds / 60), 60, 'h', 'min');
  return two(Math.round(seconds / 3_600), 24, 'd', 'h');
}

/**
 * @param {number} value
 * @param {number} base
 * @param {string} large
 * @param {string} small
 */
function two(value, base, large, small) {
  const rest = value % base;
  return `${Math.floor(value / base)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

/** @param {number} ms */
export const ago = (ms) =>
  ms < 1_500 ? 'just now' : `${duration(Math.max(0, Math.round(ms / 1_000) * 1_000))} ago`;

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/**
 * @param {number} at milliseconds since 1970
 * @param {number} [now]
 */
export const clock = (at, now = Date.now()) =>
  new Date(at).toDateString() === new Date(now).toDateString()
    ? time.format(at)
    : `${day.format(at)}, ${time.format(at)}`;

/** @param {number} at */
export const hourAndMinute = (at) => time.format(at).slice(0, 5);

/** @param {number} bytes */
export function size(bytes) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = bytes < 1_024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${whole.format(Math.round((bytes / 1_024 ** power) * (power > 1 ? 10 : 1)) / (power > 1 ? 10 : 1))} ${units[power]}`;
}
