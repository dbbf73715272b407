import { sqlState, type Transaction } from '../../connections/postgres/postgres';
import { describeError } from '../../foundation/errors';
import { Swallowed } from './swallowed';
import { Unfit } from '../record/unfit';

/**
 * Whether Postgres refuses a record because of its contents: text it cannot read, constraints, sizes, an error or a drop by somebody's
 * trigger. A mistake in a trigger counts too, for it is none of ours: the other kinds go on.
 */
export const isDataError = (error: unknown): boolean =>
  error instanceof Swallowed ||
  /^(22|23|54|P0)/.test(sqlState(error) ?? '') ||
  (/^(0A|21|2F|38|39|42)/.test(sqlState(error) ?? '') && isOfFunction(error));

/** Whether the error happened in a function that is not ours. */
function isOfFunction(error: unknown): boolean {
  const { where } = error as { where?: unknown };
  return typeof where === 'string' && /^(PL\/pgSQL|SQL) function (?!millrace\.)/m.test(where);
}

/** The line of a COPY that failed, from 1; undefined where Postgres does not say. */
function lineOf(error: unknown): number | undefined {
  const { where } = error as { where?: unknown };
  const line = typeof where === 'string' ? /^COPY [^\n]*?, line (\d+)/m.exec(where)?.[1] : undefined;
  return line === undefined ? undefined : Number(line);
}

/** The reason in Postgres' words, with the column if it is known. */
export function unfitOf(error: unknown): Unfit {
  const { where, column, constraint, detail } = error as Record<string, unknown>;
  const fromCopy =
    typeof where === 'string'
      ? /^COPY [^\n]*?, line \d+, column ("[^"]+"|[^:\s]+)/m.exec(where)?.[1]
      : undefined;
  const named = typeof column === 'string' ? column : fromCopy?.replace(/^"|"$/g, '');
  const more = [detail, typeof constraint === 'string' ? `constraint ${constraint}` : undefined];
  const message = [describeError(error).message, ...more.filter((part) => typeof part === 'string')].join(
    '; ',
  );
  const code = error instanceof Swallowed ? error.code : (sqlState(error) ?? 'E_PG');
  return new Unfit(
    code,
    named,
    message.slice(0, 500),
    typeof constraint === 'string' ? constraint : undefined,
  );
}

/**
 * Writes the records that can be written and isolates the others, after a plain attempt has failed. Each block is tried under a
 * savepoint. If Postgres names the line of the record it refuses, those before it are good; `Swallowed` mostly names its culprits;
 * otherwise the block is halved until one record is left.
 * @returns the results of the good blocks
 */
export async function writeIsolated<T, R>(
  transaction: Transaction,
  all: readonly T[],
  write: (rows: readonly T[]) => Promise<R>,
  park: (row: T, reason: Unfit, error: unknown) => Promise<void> | void,
): Promise<R[]> {
  const results: R[] = [];
  let rows = all;
  let at = 0;
  let size = rows.length;
  while (at < rows.length) {
    const block = rows.slice(at, at + size);
    await transaction.execute('SAVEPOINT block');
    try {
      results.push(await write(block));
      await transaction.execute('RELEASE SAVEPOINT block');
      at += block.length;
      size *= 4;
    } catch (error) {
      if (!isDataError(error)) throw error;
      // RELEASE as well: otherwise thousands of savepoints would lie inside one another.
      await transaction.execute('ROLLBACK TO SAVEPOINT block; RELEASE SAVEPOINT block');
      const known = error instanceof Swallowed ? error.culprits : undefined;
      const culprits = block.filter((row) => known?.has(row));
      if (culprits.length > 0) {
        for (const row of culprits) await park(row, unfitOf(error), error);
        rows = rows.filter((row) => !known?.has(row));
        continue;
      }
      const line = lineOf(error);
      const culprit = block.length === 1 ? 0 : line === undefined ? undefined : line - 1;
      const row = culprit === 0 ? block[0] : undefined;
      if (culprit === 0 && row !== undefined) {
        await park(row, unfitOf(error), error);
        at += 1;
        size = Math.ceil(size / 4);
      } else size = culprit === undefined ? Math.ceil(block.length / 2) : Math.min(culprit, block.length - 1);
    }
  }
  return results;
}
