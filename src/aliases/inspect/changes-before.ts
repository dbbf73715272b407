import type { Database } from 'better-sqlite3';

/** A row of the changelog that names what is traced. */
interface Change {
  readonly seq: number;
  readonly consumed: boolean;
}

/**
 * How many rows of the changelog come before the oldest one of these that is not applied; null: all are.
 * @param changelog newest first @param position the last row that is applied; undefined: none of this changelog
 */
export function changesBefore(
  db: Database,
  changelog: readonly Change[],
  position: number | undefined,
): number | null {
  const oldest = changelog.findLast(({ consumed }) => !consumed);
  if (oldest === undefined) return null;
  const count = db.prepare<[number, number], number>(
    'SELECT count(*) FROM millrace_changelog WHERE seq > ? AND seq < ?',
  );
  return count.pluck().get(position ?? 0, oldest.seq) ?? 0;
}
