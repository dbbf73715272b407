import type { Transaction } from '../../../connections/postgres/postgres';
import type { OwnKind } from '../../../mapping/kinds';
import { identityOfOwn, markColumn } from '../../../mapping/own-key';
import { quoteName, type Target } from '../../record/target';
import { countInTime } from '../counting';
import { type WarmLimits, sinceCondition } from '../limits';
import type { Tally } from '../tally';

/** SQL: whether a row of t has a whole key, and whether its record was not deleted. */
export function ownConditions({ own }: OwnKind): { readonly whole: string; readonly present: string } {
  return {
    whole: identityOfOwn(own)
      .map(({ column }) => `t.${quoteName(column)} IS NOT NULL`)
      .join(' AND '),
    present: own.onDelete === 'mark' ? `t.${quoteName(markColumn)} IS NULL` : 'true',
  };
}

/**
 * SQL: the rows of the table, as a relation; where records have had a key one after the other, the newest of each key: Redis has room for one,
 * and what came before it was not there any more.
 */
export function newestOfKeys({ table }: Target, { own: { parts, born } }: OwnKind): string {
  if (born === undefined) return table;
  const key = parts.map(({ column }) => `t.${quoteName(column)}`).join(', ');
  const time = `t.${quoteName(born)}`;
  return `(SELECT DISTINCT ON (${key}) * FROM ${table} t ORDER BY ${key}, ${time} DESC NULLS LAST)`;
}

/** Counts the rows of a mapping of the user's own. @returns how many records are to be looked at; undefined: too many to count */
export async function countOwn(
  transaction: Transaction,
  target: Target,
  kind: OwnKind,
  { limits, tally }: { readonly limits: WarmLimits; readonly tally: Tally },
): Promise<number | undefined> {
  const { whole, present } = ownConditions(kind);
  const rows = await countInTime(
    transaction,
    `SELECT count(*) FILTER (WHERE NOT (${whole})) AS foreign, count(*) FILTER (WHERE ${whole} AND NOT (${present})) AS deleted, ` +
      `count(*) FILTER (WHERE ${whole} AND ${present}) AS present, ` +
      `count(*) FILTER (WHERE ${whole} AND ${present} AND ${sinceCondition(kind, limits)}) AS young, ` +
      `count(*) AS standing, (SELECT count(*) FROM ${target.table} t WHERE ${whole}) AS keyed FROM ${newestOfKeys(target, kind)} t`,
  );
  if (rows === undefined) return undefined;
  const count = (name: string): number => Number(rows[0]?.[name] ?? 0);
  tally.foreign += count('foreign');
  tally.deleted += count('deleted');
  if (kind.own.born !== undefined) tally.superseded += count('keyed') - count('standing');
  tally.left += count('present') - count('young');
  return count('young');
}
