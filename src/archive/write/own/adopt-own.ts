import type { Transaction } from '../../../connections/postgres/postgres';
import { identityColumns, type Resolved } from '../../identity/resolved';
import type { Target } from '../../record/target';
import type { Alterations } from '../alterations';
import { ownWhole } from '../expectation';
import { fillOwn } from './fill-own';
import { findUnlike } from '../find-unlike';
import { insertNew } from './insert-new';
import { swallowed, unrecognizable } from '../swallowed';
import type { Written } from '../upsert';

export interface AdoptOptions {
  readonly alterations: Alterations;
  /** Whether they may go through COPY: see stage-own.ts. */
  readonly copies: boolean;
}

export interface Adopted extends Written {
  /** The records of which a row was made. */
  readonly made: readonly Resolved[];
  /** Those whose rows were there, and are as they are. */
  readonly equal: readonly Resolved[];
}

/**
 * Writes records of the user's own to whose rows none was written yet, where rows that were there stay whose they are
 * (on_conflict: skip, merge). One that is as its record is follows it from now on. @throws Swallowed
 */
export async function adoptOwn(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  { alterations, copies }: AdoptOptions,
): Promise<Adopted> {
  const { kind } = target;
  const { added, there, watched } = await insertNew(transaction, target, rows, copies);
  if (there.length === 0 && !watched) return { added, updated: 0, made: rows, equal: [] };
  if (added + there.length > rows.length)
    throw await unrecognizable(transaction, target, [], identityColumns(kind));
  const stayed = new Set(there);
  const lost: Resolved[] = [];
  const altered: Resolved[] = [];
  const theirs: Resolved[] = [];
  for (const { index, pgId } of await findUnlike(transaction, target, ownWhole(target, rows))) {
    const one = rows[index];
    if (one === undefined) continue;
    (pgId === null ? lost : stayed.has(one) ? theirs : altered).push(one);
  }
  if (lost.length > 0) throw await swallowed(transaction, target, lost);
  if (altered.length > 0) await alterations.remember(transaction, target, ownWhole(target, altered));
  const merges = kind.own?.onConflict === 'merge';
  const updated = merges ? await fillOwn(transaction, target, theirs, alterations) : 0;
  const left = updated > 0 ? await unlikeAmong(transaction, target, theirs) : new Set(theirs);
  return {
    ...{ added, updated },
    made: rows.filter((one) => !stayed.has(one)),
    equal: there.filter((one) => !left.has(one)),
  };
}

async function unlikeAmong(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
): Promise<ReadonlySet<Resolved>> {
  const unlike = await findUnlike(transaction, target, ownWhole(target, rows));
  return new Set(unlike.flatMap(({ index }) => rows[index] ?? []));
}
