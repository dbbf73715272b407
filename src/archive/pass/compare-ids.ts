import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { Kind } from '../../mapping/kinds';
import type { Life } from '../record/identity';
import type { Differences } from './differences';
import { unfollowed } from './unfollowed';

export interface CompareOptions {
  readonly postgres: PostgresConnection;
  /** The life of Redis that is followed; without it nobody looks for rows that are to follow their keys from now on. */
  readonly life?: () => Life;
}

export interface ComparedIds {
  /** The ids under which a record differs, in order. */
  readonly different: ReadonlySet<string>;
  /** How many records only do because their rows stay as they were before. */
  readonly skipped: number;
  /** The ids, of which nothing differs, under which an equal record has a row that does not follow it yet. */
  readonly unfollowed: ReadonlySet<string>;
}

/** Reads the records of these ids and compares them. */
export async function compareIds(
  { postgres, life }: CompareOptions,
  all: Differences,
  kind: Kind,
  ids: readonly string[],
): Promise<ComparedIds> {
  const different = new Set<string>();
  let skipped = 0;
  const due = new Set<string>();
  for await (const { records, differences } of all.ofIds(kind, ids)) {
    for (const { id, change } of differences) {
      if (change === 'skipped') skipped++;
      else different.add(id);
    }
    const unlike = new Set(differences.map(({ found }) => found));
    const equal = records.filter((record) => !unlike.has(record));
    for (const id of await unfollowed(postgres, kind, equal, life?.() ?? null)) due.add(id);
  }
  for (const id of different) due.delete(id);
  return { different: new Set(ids.filter((id) => different.has(id))), skipped, unfollowed: due };
}
