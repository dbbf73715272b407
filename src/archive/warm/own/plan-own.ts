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

/** Counts the rows of a mapping of the user's own. @returns how many records are to be looked at; undefined: too many to count */
export async function countOwn(
  transaction: Transaction,
  { table }: Target,
  kind: OwnKind,
  { limits, tally }: { readonly limits: WarmLimits; readonly tally: Tally },
): Promise<number | undefined> {
  const { whole, present } = ownConditions(kind);
  const rows = await countInTime(
    transaction,
    `SELECT count(*) FILTER (WHERE NOT (${whole})) AS foreign, count(*) FILTER (WHERE ${whole} AND NOT (${present})) AS deleted, ` +
      `count(*) FILTER (WHERE ${whole} AND ${present}) AS present, ` +
      `count(*) FILTER (WHERE ${whole} AND ${present} AND ${sinceCondition(kind, limits)}) AS young FROM ${table} t`,
  );
  if (rows === undefined) return undefined;
  const count = (name: string): number => Number(rows[0]?.[name] ?? 0);
  tally.foreign += count('foreign');
  tally.deleted += count('deleted');
  tally.left += count('present') - count('young');
  return count('young');
}
