import { openForReading, sqliteError } from '../aliases/source/file/database';
import { quoteIdentifier } from '../aliases/source/identifiers';
import { AliasSource } from '../aliases/source/source';
import { tableStatuses } from '../aliases/status';
import type { AliasFile } from '../config/load';
import { sourceOptions } from '../aliases/source/source-options';

/** Facts about the SQLite file: columns and counts of the alias tables, and how long the changelog is. */
export function sqliteSection(file: AliasFile) {
  const path = file.dbPath;
  const source = AliasSource.open(sourceOptions(file));
  const db = openForReading(path);
  try {
    const count = (table: string): unknown =>
      db
        .prepare(`SELECT count(*) FROM ${quoteIdentifier(table)}`)
        .pluck()
        .get();
    return {
      version: db.prepare('SELECT sqlite_version()').pluck().get(),
      journalMode: source.journalMode,
      pages: db.pragma('page_count', { simple: true }),
      pageSize: db.pragma('page_size', { simple: true }),
      captureGaps: source.captureGaps,
      tables: source.entries.map((entry) =>
        entry.state === 'served'
          ? {
              table: entry.table,
              columns: entry.columns.map(({ name }) => name),
              uniqueKeys: entry.uniqueKeys.length,
              rows: count(entry.table),
            }
          : { table: entry.mapping.table, state: entry.reason },
      ),
      documents: tableStatuses(source)
        .filter(({ type }) => source.documents.some(({ mapping }) => mapping.name === type))
        .map(({ type, table, state }) => ({ name: type, table, state })),
      triggers: db
        .prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'millrace%'`)
        .pluck()
        .all(),
      changelog:
        source.changelog === undefined
          ? null
          : db
              .prepare(
                'SELECT count(*) AS rows, min(seq) AS first, max(seq) AS last, min(at) AS oldest FROM millrace_changelog',
              )
              .get(),
    };
  } catch (error) {
    throw sqliteError(error, path);
  } finally {
    db.close();
    source.close();
  }
}
