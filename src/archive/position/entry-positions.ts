import type { PostgresConnection, Transaction } from '../../connections/postgres/postgres';
import { readSql } from '../../foundation/package-root';
import type { Kind } from '../../mapping/kinds';
import type { EntriesRead, EntryPosition } from '../record/own/entries-read';
import { keyOf } from '../record/key';
import { md5 } from '../record/row';

const writeSql = readSql('src/archive/position/sql/write-entry-positions.sql');

/** How far the streams of a kind are read, by id (latin1); those that never were are not there. */
export async function readEntryPositions(
  postgres: PostgresConnection,
  kind: Kind,
  ids: readonly string[],
): Promise<Map<string, EntryPosition>> {
  const byDigest = new Map(ids.map((id) => [md5(keyOf(kind, Buffer.from(id, 'latin1'))), id]));
  const rows = await postgres.query(
    `SELECT replace(key::text, '-', '') AS digest, last_id, witness, added FROM millrace.entries_read
     WHERE target = $1 AND key = ANY ($2::uuid[])`,
    [kind.table, [...byDigest.keys()]],
  );
  const positions = new Map<string, EntryPosition>();
  for (const { digest, last_id: last, witness, added } of rows) {
    const position = {
      last: last ?? '',
      witness: witness ?? '',
      added: added == null ? null : Number(added),
    };
    positions.set(byDigest.get(digest ?? '') ?? '', position);
  }
  return positions;
}

/** @param reads in their order: of each stream the last one counts @param tables by kind */
export async function writeEntryPositions(
  transaction: Transaction,
  reads: readonly EntriesRead[],
  tableOf: (kind: string) => string,
): Promise<void> {
  if (reads.length === 0) return;
  const latest = new Map(reads.map((read) => [`${read.kind}:${read.key.toString('latin1')}`, read]));
  // In one order, as rows are, so that two daemons cannot wait for each other.
  const ordered = [...latest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, read]) => read);
  await transaction.execute(writeSql, [
    ordered.map(({ kind }) => tableOf(kind)),
    ordered.map(({ key }) => md5(key)),
    ordered.map(({ key }) => printableKey(key)),
    ordered.map(({ position }) => position.last),
    ordered.map(({ position }) => position.witness),
    ordered.map(({ position }) => position.added),
  ]);
}

/** A key as any text column can hold it. */
const printableKey = (key: Buffer): string => key.toString('utf8').slice(0, 500).replaceAll('\0', '\\x00');
