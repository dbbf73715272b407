/**
 * Takes contents and secrets out of texts. What is not known to be harmless goes: a bundle may be sent to strangers. Pure.
 */

const masked = '[secret]';

/** Shorter ones would be found in every word; nothing prints them in the first place. */
const leastSecret = 4;

/** @param secrets passwords and tokens in use. @returns a function that hides them, and passwords in any URL */
export function secretMask(secrets: readonly (string | undefined)[]): (text: string) => string {
  const forms = secrets.flatMap((secret) =>
    secret === undefined || secret.length < leastSecret ? [] : [secret, encodeURIComponent(secret)],
  );
  // The longest first: one may be part of another.
  const known = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) =>
    known
      .reduce((rest, secret) => rest.replaceAll(secret, masked), text)
      .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, `$1${masked}@`);
}

/** Every text in a value, its keys included. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [change(key), mapTexts(one, change)]));
}

/**
 * A message without what it may quote: keys of aliases, what follows the number in keys of records, quoted values. From the first
 * quotation that is not a known name everything goes, for what is quoted may hold quotation marks itself.
 * @param names of tables, columns and the like
 */
export function withoutContents(message: string, names: ReadonlySet<string>): string {
  const keys = message
    .replace(/\balias:[^]*$/, 'alias:…')
    .replace(/\baidb:(\w+):(\d*)\S*/g, 'aidb:$1:$2')
    .replace(/\)=\([^]*$/, ')=(…')
    .replace(/(Failing row contains|beginning with:)[^]*$/, '$1 …');
  for (const { index, 0: quotation, 1: mark = '' } of keys.matchAll(/(["'`])([^"'`\n]*)\1?/g)) {
    const inner = quotation.slice(1, quotation.endsWith(mark) && quotation.length > 1 ? -1 : undefined);
    if (names.has(inner) || /^millrace [a-z-]+( [a-z-]+)?$/.test(inner)) continue;
    const state = /\(SQLSTATE \w{5}\)$/.exec(keys)?.[0];
    return `${keys.slice(0, index)}${mark}…${mark}${state === undefined ? '' : ` ${state}`}`;
  }
  return keys.replace(/\n[^]*$/, ' …');
}

const line = /^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\] (?:(WARN|ERROR) )?(.*)$/;
/** What is told at level info without naming anything. */
const plain =
  /^(started|stopped|Starting sync\.\.\.|=== Starting Redis → PostgreSQL Sync ===|=== Sync Complete in [\d.]+s ===)$/;
const word = /^[\w.:+-]{1,64}$/;

/** The lines of a log, of either format, that say something without saying what is in records; and how many were left out. */
export function logWithoutContents(
  lines: readonly string[],
  names: ReadonlySet<string>,
): { readonly lines: readonly unknown[]; readonly leftOut: number } {
  const kept = lines.flatMap((text) => keptLine(text, names) ?? []);
  return { lines: kept, leftOut: lines.length - kept.length };
}

function keptLine(text: string, names: ReadonlySet<string>): unknown {
  if (text.startsWith('{')) {
    try {
      return keptEvent(JSON.parse(text) as Record<string, unknown>, names);
    } catch {
      return undefined; // cut, or not ours
    }
  }
  const [, time, level, message = ''] = line.exec(text) ?? [];
  if (time === undefined) return undefined;
  if (level !== undefined) return `[${time}] ${level} ${withoutContents(message, names)}`;
  return plain.test(message) ? text : undefined;
}

/** Words and numbers under known names; the message of what went wrong. */
function keptEvent(event: Record<string, unknown>, names: ReadonlySet<string>): unknown {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) {
    if (typeof value === 'number' || typeof value === 'boolean') kept[key] = value;
    else if (typeof value !== 'string') continue;
    else if (['time', 'level', 'event', 'pipeline', 'kind', 'code'].includes(key)) {
      if (word.test(value)) kept[key] = value;
    } else if (key === 'message' && ['warn', 'error'].includes(String(event['level'])))
      kept[key] = withoutContents(value, names);
  }
  return kept;
}
