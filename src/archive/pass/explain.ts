import type { RecordDifference, Differences } from './differences';
import { keyOf } from '../record/key';
import type { KindName } from '../../mapping/kinds';
import type { Nominated } from '../record/nominated';
import type { UnlikeRow } from '../write/find-unlike';

/** One record that Postgres lacks or has otherwise. Contents are in it: for the eyes of whoever asked. */
export interface ArchiveDifference {
  readonly kind: KindName;
  /** The Redis key. */
  readonly key: string;
  /** Which of several records under that key: the member of a metric, the name of a hyperparameter. */
  readonly record?: string;
  /** `unfit`: it cannot become a row, and would be parked. */
  readonly change: RecordDifference['change'];
  /** Why it is unfit, or which parent is missing as well. */
  readonly reason?: string;
  /** Of a different one. */
  readonly table?: string;
  readonly row?: string;
  readonly columns?: UnlikeRow['columns'];
}

/**
 * What a pass nominates, looked at once more, one column after another. What is equal by now is left out. Comes as it is read, so that
 * the caller may have enough.
 */
export async function* explainNominated(
  differences: Differences,
  { nominated, points }: Nominated,
): AsyncGenerator<ArchiveDifference> {
  for (const [kind, ids] of nominated) {
    if (kind === 'metric') {
      // Only a key of another type is nominated: points come by value.
      const reason = 'the key holds no sorted set (E_TYPE)';
      for (const id of ids) yield explained({ kind, id, change: 'unfit', reason });
    } else for await (const page of differences.ofIds(kind, [...ids])) yield* page.map(explained);
  }
  yield* (await differences.ofRecords(points)).map(explained);
}

function explained({ kind, id, found, pgId, ...rest }: RecordDifference): ArchiveDifference {
  const several = found !== undefined && (kind === 'metric' || kind === 'hyperparam');
  const { change, reason, columns } = rest;
  return {
    kind,
    key: keyOf(kind, Buffer.from(id, 'latin1')).toString('utf8'),
    ...(several ? { record: found.values[0]?.toString('utf8') ?? '' } : {}),
    change,
    ...(reason === undefined ? {} : { reason }),
    ...(found === undefined || pgId === undefined ? {} : { table: found.kind.table, row: pgId }),
    ...(columns === undefined ? {} : { columns }),
  };
}
