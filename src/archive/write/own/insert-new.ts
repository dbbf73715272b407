import type { Transaction } from '../../../connections/postgres/postgres';
import { identityColumns, ownColumns, ownValues, type Resolved } from '../../identity/resolved';
import type { Target } from '../../record/target';
import { identityIn, upsert } from '../upsert';
import { arbiterOf, stageNew } from './stage-own';

interface Inserted {
  readonly added: number;
  /** The records whose rows were not made: others were there, or Postgres has done something else. */
  readonly there: readonly Resolved[];
  /** Whether the table has triggers that are not ours, which may have changed what was written. Not known of copied rows. */
  readonly watched: boolean;
}

/**
 * Inserts rows of the user's own, but for those that are there: they stay as they are. The INSERT itself finds them, so that one that comes
 * at the same moment is not overwritten.
 * @param rows no identity may occur twice @param copies through COPY: see stage-own.ts
 */
export async function insertNew(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  copies: boolean,
): Promise<Inserted> {
  const { kind } = target;
  const identity = identityColumns(kind);
  const given = {
    ...{ identity, columns: ownColumns(kind), arbiter: arbiterOf(identity) },
    rows: rows.map(ownValues),
  };
  if (copies) {
    const places = await stageNew(transaction, target, given);
    const there = places.flatMap((at) => rows[at] ?? []);
    return { added: rows.length - there.length, there, watched: false };
  }
  const put = await upsert(transaction, { ...given, target, overwrites: [], strictness: 'stored' });
  const { added, watched, written } = put;
  const wasThere = (one: Resolved) =>
    !written.has(identityIn(kind, ownValues(one).slice(0, identity.length)));
  return { added, there: added === rows.length ? [] : rows.filter(wasThere), watched };
}
