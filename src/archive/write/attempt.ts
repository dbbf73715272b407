import type { Transaction } from '../../connections/postgres/postgres';
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
  /** Kinds of which a record was written. */
  readonly landed: Set<KindName>;
  /** The reasons for which Postgres refused records, by kind. */
  readonly refused: Map<KindName, Unfit[]>;
  /** What happened that should not, in streams of the user's own, for whoever looks after them. */
  readonly incidents: string[];
  /** Whether append-only records were copied straight into their table, see write-appended.ts. */
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
  incidents: [],
  direct: false,
});

/** One try to apply a batch, in a transaction. */
export interface Attempt {
  readonly transaction: Transaction;
  readonly ids: IdMapTransaction;
  readonly alterations: Alterations;
  readonly batch: Batch;
  readonly applied: BatchOutcome;
  /** Whether to copy append-only records straight into their table, see write-appended.ts. */
  readonly direct: boolean;
  /** Whether to isolate the records that Postgres refuses, under savepoints. */
  readonly careful: boolean;
}
