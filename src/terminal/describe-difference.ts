import type { Difference } from '../aliases/pass/dry-run';
import type { ArchiveDifference } from '../archive/pass/explain';
import { harmless } from '../foundation/harmless';
import { cutToWidth, displayWidth } from './display-width';

const sign = { add: '+', update: '~', delete: '-' } as const;

export function describeAlias({ key, change, redis, table }: Difference): string {
  const [left, right] = shortenedKeys(redis ?? '(nil)', table ?? '(nil)');
  return harmless(`${sign[change]} ${key}  ${left} -> ${right}`);
}

/** The key, and below it what differs, with the values of both sides, cut to the place where they part. */
export function describeRecord(difference: ArchiveDifference): string {
  const { key, record, change, reason, table, row, columns = [] } = difference;
  const lines = [`≠ ${harmless(key)}`];
  if (record !== undefined) lines.push(`    ${cutToWidth(harmless(record), 100)}`);
  if (change === 'missing') lines.push(`    missing in Postgres${reason === undefined ? '' : `; ${reason}`}`);
  if (change === 'unfit') lines.push(`    cannot become a row: ${harmless(reason ?? '')}`);
  if (change === 'different') lines.push(`    row ${row ?? '?'} of ${table ?? '?'}:`);
  for (const { column, redis, postgres } of columns) {
    const [left, right] = shortened(redis, postgres);
    lines.push(`      ${column}: ${left} -> ${right}`);
  }
  return lines.map(harmless).join('\n');
}

/** How many columns a value takes at the most: of a record's column, and of a key. */
const widest = 60;
const widestOfKey = 200;
/** How many of the characters that both values begin with are kept before the place where they part. */
const context = 12;

/** Both values, cut so that the place where they part can be seen. NULL is `(null)`, empty text `''`. Pure. */
export function shortened(a: string | null, b: string | null): readonly [string, string] {
  return cutBoth(printed(a), printed(b), widest);
}

/** What a key holds, and what it should hold, cut in the same way. Pure. */
export const shortenedKeys = (a: string, b: string): readonly [string, string] =>
  cutBoth(harmless(a), harmless(b), widestOfKey);

function cutBoth(left: string, right: string, widest: number): readonly [string, string] {
  if (displayWidth(left) <= widest && displayWidth(right) <= widest) return [left, right];
  const parts = commonStart(left, right);
  const from = Math.max(0, parts - context);
  const cut = (text: string): string => {
    const rest = from === 0 ? text : `…${text.slice(from)}`;
    return cutToWidth(rest, widest);
  };
  return [cut(left), cut(right)];
}

const printed = (value: string | null): string =>
  value === null ? '(null)' : value === '' ? "''" : harmless(value);

/** How many characters both begin with; never ends between the halves of a surrogate pair. */
function commonStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return /[\udc00-\udfff]/.test(a[at] ?? '') ? at - 1 : at;
}
