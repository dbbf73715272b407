/**
 * Takes contents and secrets out of texts. Whatever is not known to be harmless is removed, for a bundle may be sent to strangers. Pure.
 */

const masked = '[secret]';

/** The shortest secret that is masked: a shorter one would be found in every word. (And nothing prints secrets in the first place.) */
const leastSecret = 4;

/** @param secrets passwords and tokens in use. @returns a function that hides them, and passwords in any URL */
export function secretMask(secrets: readonly (string | undefined)[]): (text: string) => string {
  const forms = secrets.flatMap((secret) =>
    secret === undefined || secret.length < leastSecret ? [] : [secret, encodeURIComponent(secret)],
  );
  // The longest first, for one may be part of another.
  const known = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) =>
    known
      .reduce((rest, secret) => rest.replaceAll(secret, masked), text)
      .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, `$1${masked}@`);
}

/** Changes every text in a value, keys of objects included. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [change(key), mapTexts(one, change)]));
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** What is known to tell nothing of a record. */
export interface Known {
  /** Of tables, columns and the like. */
  readonly names: ReadonlySet<string>;
  /** What the keys of the user's own mappings begin with: they may go on with anything. */
  readonly prefixes?: readonly string[];
  /** What the keys of the registry begin with: they go on with a kind and a number, and may then have anything. */
  readonly registry?: string;
}

const withoutRegistryKeys = (text: string, registry: string): string =>
  registry === '' ? text : text.replace(new RegExp(`(\\b${literally(registry)}\\w+:\\d*)\\S*`, 'g'), '$1');

/** Cuts a text behind the first key of a mapping: a key may have any characters in it. */
const withoutOwnKeys = (text: string, prefixes: readonly string[]): string =>
  prefixes.reduce(
    (rest, prefix) => rest.replace(new RegExp(`(?<![\\w:])${literally(prefix)}[^]*$`), () => `${prefix}…`),
    text,
  );

/**
 * A message without anything it may quote: aliases in keys, all that follows the id in keys of records, quoted values. From the first
 * quotation on that is not a known name everything is removed, for a quoted text may itself hold quotation marks.
 */
export function withoutContents(message: string, { names, prefixes = [], registry = '' }: Known): string {
  const keys = withoutRegistryKeys(
    withoutOwnKeys(message, prefixes).replace(/\balias:[^]*$/, 'alias:…'),
    registry,
  )
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
/** Messages of level info that name nothing. */
const plain =
  /^(started|stopped|Starting sync\.\.\.|=== Starting Redis → PostgreSQL Sync ===|=== Sync Complete in [\d.]+s ===)$/;
const word = /^[\w.:+-]{1,64}$/;

/** The lines of a log, in either format, without contents of records; and how many lines were left out. */
export function logWithoutContents(
  lines: readonly string[],
  known: Known,
): { readonly lines: readonly unknown[]; readonly leftOut: number } {
  const without = (message: string) => withoutContents(message, known);
  const kept = lines.flatMap((text) => keptLine(text, without) ?? []);
  return { lines: kept, leftOut: lines.length - kept.length };
}

type Without = (message: string) => string;

function keptLine(text: string, without: Without): unknown {
  if (text.startsWith('{')) {
    try {
      return keptEvent(JSON.parse(text) as Record<string, unknown>, without);
    } catch {
      return undefined; // a line that was cut, or is not ours
    }
  }
  const [, time, level, message = ''] = line.exec(text) ?? [];
  if (time === undefined) return undefined;
  if (level !== undefined) return `[${time}] ${level} ${without(message)}`;
  return plain.test(message) ? text : undefined;
}

/** The fields of an event that may be kept: words and numbers under known names, and the message of a failure. */
function keptEvent(event: Record<string, unknown>, without: Without): unknown {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) {
    if (typeof value === 'number' || typeof value === 'boolean') kept[key] = value;
    else if (typeof value !== 'string') continue;
    else if (['time', 'level', 'event', 'pipeline', 'kind', 'code'].includes(key)) {
      if (word.test(value)) kept[key] = value;
    } else if (key === 'message' && ['warn', 'error'].includes(String(event['level'])))
      kept[key] = without(value);
  }
  return kept;
}
