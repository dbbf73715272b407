import type { Transaction } from '../../connections/postgres/postgres';
import { ownValues, type Resolved } from '../identity/resolved';
import type { Target } from '../record/target';
import type { Alterations } from './alterations';
import { ownWhole } from './expectation';
import { fillOwn } from './fill-own';
import { findUnlike } from './find-unlike';
import { stageOwn } from './stage-own';
import { swallowed, unrecognizable } from './swallowed';
import { identityIn, upsert, type Written } from './upsert';

export interface AdoptOptions {
  readonly identity: readonly string[];
  readonly columns: readonly string[];
  /** SQL: the unique index. */
  readonly arbiter: string;
  readonly alterations: Alterations;
  /** Whether they may go through COPY: see stage-own.ts. */
  readonly copies: boolean;
  /** Whether rows that were there get what they have no value for. */
  readonly merges: boolean;
}

export interface Adopted extends Written {
  /** The records that have a row of theirs now: it was made, or is as the record is. */
  readonly following: readonly Resolved[];
}

/**
 * Writes records of the user's own to whose rows none was written yet, where rows that were there stay whose they are
 * (on_conflict: skip, merge). Such a row is found by the INSERT itself, so that one which comes at the same moment is not overwritten. One that is as its record
 * is follows it from now on. @throws Swallowed
 */
export async function adoptOwn(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  { alterations, copies, merges, ...form }: AdoptOptions,
): Promise<Adopted> {
  if (rows.length === 0) return { added: 0, updated: 0, following: [] };
  const given = { ...form, overwrites: [], rows: rows.map(ownValues) };
  const first = copies
    ? { ...(await stageOwn(transaction, target, given)), written: new Set<string>(), watched: false }
    : await upsert(transaction, { ...given, target, strictness: 'stored' });
  if (first.added === rows.length && !first.watched)
    return { added: first.added, updated: 0, following: rows };
  const { identity } = form;
  const keyOf = (one: Resolved) => identityIn(target.kind, ownValues(one).slice(0, identity.length));
  const keys = new Set(rows.map(keyOf));
  if ([...first.written].some((one) => !keys.has(one)))
    throw await unrecognizable(transaction, target, [], identity);
  const lost: Resolved[] = [];
  const altered: Resolved[] = [];
  const theirs: Resolved[] = [];
  for (const { index, pgId } of await findUnlike(transaction, target, ownWhole(target, rows))) {
    const one = rows[index];
    if (one === undefined) continue;
    (pgId === null ? lost : first.written.has(keyOf(one)) ? altered : theirs).push(one);
  }
  if (lost.length > 0) throw await swallowed(transaction, target, lost);
  if (altered.length > 0) await alterations.remember(transaction, target, ownWhole(target, altered));
  const updated = merges ? await fillOwn(transaction, target, theirs, alterations) : 0;
  const left = updated > 0 ? await unlikeAmong(transaction, target, theirs) : new Set(theirs);
  return { added: first.added, updated, following: rows.filter((one) => !left.has(one)) };
}

async function unlikeAmong(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
): Promise<ReadonlySet<Resolved>> {
  const unlike = await findUnlike(transaction, target, ownWhole(target, rows));
  return new Set(unlike.flatMap(({ index }) => rows[index] ?? []));
}
