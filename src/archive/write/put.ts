import type { Transaction } from '../../connections/postgres/postgres';
import type { Alterations } from './alterations';
import type { Expectation } from './expectation';
import { findUnlike } from './find-unlike';
import { swallowed, unrecognizable } from './swallowed';
import { identityIn, upsert, type UpsertOptions, type Written } from './upsert';
import { parameter } from '../record/decode';

export interface PutOptions extends UpsertOptions {
  readonly alterations: Alterations;
  /** What each row was made of: an error names the sources of the rows that could not be written. */
  readonly sources: readonly unknown[];
}

/**
 * Upserts rows that may change, and makes sure that they are there. It looks again only if Postgres may have done something else: not
 * every row was written, or the table has triggers of other programs. Rows that came out different are remembered (alterations.ts).
 * @throws Swallowed
 */
export async function put(transaction: Transaction, options: PutOptions): Promise<Written> {
  const { target, identity, columns, strictness, rows, sources, alterations, overwrites = columns } = options;
  const { kind } = target;
  const places = overwrites.map((column) => identity.length + columns.indexOf(column));
  const expected = (indexes: readonly number[]): Expectation => ({
    identity,
    columns: overwrites,
    rows: indexes.map((index) => {
      const row = rows[index] ?? [];
      return [...row.slice(0, identity.length), ...places.map((at) => row[at])].map(parameter);
    }),
    strictness,
  });
  const write = (indexes: readonly number[], always?: true) =>
    upsert(transaction, {
      ...options,
      rows: indexes.map((index) => rows[index] ?? []),
      ...(always ? { always } : {}),
    });
  const key = (index: number) => identityIn(kind, (rows[index] ?? []).slice(0, identity.length));

  let wanted: readonly number[] = [...rows.keys()];
  const remembered = rows.length > 0 && (await alterations.of(transaction, kind.name));
  if (remembered) {
    const unlike = await findUnlike(transaction, target, expected(wanted));
    wanted = unlike.map(({ index }) => index);
  }
  const first = await write(wanted);
  if (remembered) await alterations.forget(transaction, kind.name, first.ids);
  // Where nobody else's trigger is, a row that was written is as it was sent.
  const doubtful = first.watched ? wanted : wanted.filter((index) => !first.written.has(key(index)));
  if (doubtful.length === 0) return first;

  const unlike = (await findUnlike(transaction, target, expected(doubtful))).map(({ index, pgId }) => ({
    index: doubtful[index] ?? 0,
    absent: pgId === null,
  }));
  if (unlike.length === 0) return first;
  // Why was a row not written: does a trigger make it equal to the old one, or drop it? If dropped, then this time as well.
  const left = unlike.filter(({ index, absent }) => !absent && !first.written.has(key(index)));
  const second = await write(left.map(({ index }) => index), true); // prettier-ignore
  const isThere = ({ index, absent }: { index: number; absent: boolean }) =>
    !absent && (first.written.has(key(index)) || second.written.has(key(index)));
  const lost = unlike.filter((one) => !isThere(one)).map(({ index }) => sources[index]);
  if (lost.length > 0) {
    const keys = new Set(wanted.map(key));
    if ([...first.written].some((one) => !keys.has(one)))
      throw await unrecognizable(transaction, target, lost, identity);
    throw await swallowed(transaction, target, lost);
  }
  await alterations.remember(transaction, target, expected(unlike.map(({ index }) => index)));
  return { added: first.added, updated: first.updated + second.updated };
}
