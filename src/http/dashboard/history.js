// @ts-check
/** @typedef {import('../history').Sample} Sample */

const hourMs = 3_600_000;

/**
 * Whether a sample follows the ones there are. If not, something was missed (the page slept, the connection was lost), and
 * the daemon has to be asked for all of them.
 * @param {readonly Sample[]} samples
 * @param {Sample} next
 * @param {number} stepMs
 */
export function follows(samples, next, stepMs) {
  const last = samples.at(-1);
  return last !== undefined && next.at - last.at > 0 && next.at - last.at < 2 * stepMs;
}

/**
 * What a chart draws: times in seconds, and values. Where samples are missing there is a hole and no line.
 * @param {readonly Sample[]} samples
 * @param {(sample: Sample) => number | null} value
 * @param {number} stepMs
 * @returns {[number[], (number | null)[]]}
 */
export function columns(samples, value, stepMs) {
  /** @type {number[]} */
  const times = [];
  /** @type {(number | null)[]} */
  const values = [];
  let before = Infinity;
  for (const sample of samples) {
    if (sample.at - before > 2.5 * stepMs) {
      times.push((before + stepMs) / 1_000);
      values.push(null);
    }
    times.push(sample.at / 1_000);
    values.push(value(sample));
    before = sample.at;
  }
  return [times, values];
}

/**
 * The last hour of them: a page left open for a week holds no more than one opened now.
 * @param {readonly Sample[]} samples
 */
export function lastHour(samples) {
  const end = samples.at(-1)?.at ?? 0;
  return samples.filter(({ at }) => at > end - hourMs);
}
