import type { RecordDifference, Differences } from './differences';
import { keyOf } from '../record/key';
import { type Catalogue, type Kind, type KindName, kindOf } from '../../mapping/kinds';
import { shapeOf } from '../record/shape';
import type { Nominated } from '../record/nominated';
import type { UnlikeRow } from '../write/find-unlike';

/** One record that Postgres lacks or has otherwise. It has contents: only whoever asked for it may see it. */
export interface ArchiveDifference {
  readonly kind: KindName;
  /** The Redis key. */
  readonly key: string;
  /** Which record under that key, if it holds several: the member of a metric, the name of a hyperparameter. */
  readonly record?: string;
  /** `unfit`: the record cannot become a row, and would be parked. */
  readonly change: Exclude<RecordDifference['change'], 'skipped'>;
  /** Why the record is unfit, or that its parent is missing as well. */
  readonly reason?: string;
  /** Table, row and columns of a record that is `different`. */
  readonly table?: string;
  readonly row?: string;
  readonly columns?: UnlikeRow['columns'];
}

/**
 * Compares what a pass has nominated once more, column by column. Records that are equal by now are left out. Yields one difference at a
 * time, so that the caller can stop when it has enough.
 */
export async function* explainNominated(
  differences: Differences,
  catalogue: Catalogue,
  { nominated, points }: Nominated,
): AsyncGenerator<ArchiveDifference> {
  for (const [name, ids] of nominated) {
    const kind = kindOf(catalogue, name);
    if (kind.shape === 'members') {
      // Points come by value; a key of such a kind is nominated only when it is of another Redis type.
      const reason = 'the key holds no sorted set (E_TYPE)';
      for (const id of ids) yield* explained(kind, { kind: name, id, change: 'unfit', reason });
    } else
      for await (const page of differences.ofIds(kind, [...ids]))
        for (const one of page.differences) yield* explained(kind, one);
  }
  for (const one of await differences.ofRecords(points)) yield* explained(kindOf(catalogue, one.kind), one);
}

/** None: nothing would be written of it. */
function* explained(
  of: Kind,
  { kind, id, found, pgId, ...rest }: RecordDifference,
): Generator<ArchiveDifference> {
  const several = found !== undefined && shapeOf(found.kind).several;
  const { change, reason, columns } = rest;
  if (change === 'skipped') return;
  yield {
    kind,
    key: keyOf(of, Buffer.from(id, 'latin1')).toString('utf8'),
    ...(several ? { record: found.values[0]?.toString('utf8') ?? '' } : {}),
    change,
    ...(reason === undefined ? {} : { reason }),
    // A row of the user's own is found by the key.
    ...(found === undefined || pgId === undefined
      ? {}
      : { table: of.table, ...(of.own === undefined ? { row: pgId } : {}) }),
    ...(columns === undefined ? {} : { columns }),
  };
}
