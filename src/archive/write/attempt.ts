import type { Transaction } from '../../connections/postgres';
import type { Alterations } from './alterations';
import type { Batch } from '../batch/batch';
import type { DeadLetter } from '../letters/dead-letters';
import type { IdMapTransaction } from '../identity/id-map';
import type { KindName } from '../../mapping/kinds';
import type { Unfit } from '../record/unfit';
import type { MappedOutcome } from './write-mapped';

/** What came of a batch. */
export interface BatchOutcome {
  readonly counts: Map<KindName, { added: number; updated: number }>;
  readonly synced: MappedOutcome['synced'][number][];
  readonly deleted: Map<KindName, number>;
  parked: number;
  letters: readonly DeadLetter[];
  /** Kinds of which a record got through. */
  readonly landed: Set<KindName>;
  /** What Postgres refused, by kind. */
  readonly refused: Map<KindName, Unfit[]>;
  /** Append-only records went straight into their table. */
  direct: boolean;
}

export const nothingApplied = (): BatchOutcome => ({
  counts: new Map(),
  synced: [],
  deleted: new Map(),
  parked: 0,
  letters: [],
  landed: new Set(),
  refused: new Map(),
  direct: false,
});

/** One try to apply a batch, in a transaction. */
export interface Attempt {
  readonly transaction: Transaction;
  readonly ids: IdMapTransaction;
  readonly alterations: Alterations;
  readonly batch: Batch;
  readonly applied: BatchOutcome;
  /** Append-only records go straight into their table. */
  readonly direct: boolean;
  /** Isolate what Postgres refuses, under savepoints. */
  readonly careful: boolean;
}
