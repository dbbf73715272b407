import type { KindName } from '../../mapping/kinds';
import type { RecordDifference } from '../pass/differences';
import type { ArchiveDifference } from '../pass/explain';
import type { TracedStream } from './trace-entries';
import type { InRedis } from './trace-redis';
import type { TracedLetter, TracedParent, TracedRow, TracedRows } from './trace-rows';
import type { WaitingScan } from './trace-stream';

/** Whether the record is archived, and what happens next, in one sentence. */
export interface Verdict {
  readonly state:
    'applied' | 'skipped' | 'waiting' | 'parked' | 'not captured' | 'unfit' | 'only in Postgres' | 'unknown';
  readonly sentence: string;
}

/** Where one record is. Names, numbers and times; no contents. */
export interface ArchiveTrace {
  readonly key: string;
  readonly kind: KindName;
  readonly redis: InRedis;
  /** null: the archive's tables are not there. */
  readonly archive: {
    readonly owner: string | null;
    /** The last entry applied. */
    readonly position: string;
    readonly waiting: WaitingScan;
    readonly parked: readonly TracedLetter[];
    /** The rows of this record and of others that had its id; for kinds without ids see `counted`. */
    readonly rows: readonly TracedRow[];
    readonly counted: TracedRows | null;
    /** Of a stream of the user's own: how far it is read. */
    readonly stream: TracedStream | null;
    readonly parents: readonly TracedParent[];
    /** What a full pass would write; of columns only the names. */
    readonly differences: readonly (Pick<RecordDifference, 'change'> &
      Pick<ArchiveDifference, 'reason' | 'row'> & {
        readonly columns: readonly string[];
      })[];
  } | null;
  readonly verdict: Verdict;
}
