import SQLite, { type Database } from 'better-sqlite3';
import { quoteIdentifier } from '../identifiers';

/**
 * The tables, views and indexes of a file in memory, without rows and statistics: what SQLite plans for it, it would plan for tables
 * of any size. In the file itself a table with three rows may well be scanned, and be searched when it has a million.
 */
export class SchemaCopy {
  readonly db: Database = new SQLite(':memory:');

  constructor(db: Database) {
    this.db.pragma('automatic_index = OFF'); // an index made for one execution is a scan
    const objects = db
      .prepare<[], string>(
        `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index', 'view')
           AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY type = 'view', type = 'index', rowid`,
      )
      .pluck()
      .all();
    for (const sql of objects) this.add(sql);
  }

  /** Runs a statement; one that needs what only its own program has (a collation, a function) is left out. */
  add(sql: string): void {
    try {
      this.db.exec(sql);
    } catch {
      // What uses it is not servable here, and its check says so.
    }
  }

  /** Does something, and takes back what it added. */
  trying<T>(work: () => T): T {
    this.db.exec('SAVEPOINT trying');
    try {
      return work();
    } finally {
      this.db.exec('ROLLBACK TO trying; RELEASE trying');
    }
  }

  /** The collation of a column, as an index on it has it. */
  collationOf(table: string, column: string): string {
    const name = 'millrace probe';
    this.add(
      `CREATE INDEX ${quoteIdentifier(name)} ON ${quoteIdentifier(table)} (${quoteIdentifier(column)})`,
    );
    const found = this.db
      .prepare<[string], string>('SELECT coll FROM pragma_index_xinfo(?) WHERE key = 1')
      .pluck()
      .get(name);
    this.add(`DROP INDEX ${quoteIdentifier(name)}`);
    return found ?? 'unknown';
  }

  /** The tables that a statement with one parameter reads. */
  tablesRead(sql: string): readonly string[] {
    const tables = new Map(
      this.db
        .prepare<[], readonly [number, string]>(
          'SELECT rootpage, tbl_name FROM sqlite_master WHERE rootpage > 0',
        )
        .raw()
        .all(),
    );
    const steps = this.db
      .prepare<[string], { opcode: string; p2: number; p3: number }>(`EXPLAIN ${sql}`)
      .all('[]');
    const opened = steps.filter(
      ({ opcode, p3 }) => (opcode === 'OpenRead' || opcode === 'ReopenIdx') && p3 === 0,
    );
    return [...new Set(opened.map(({ p2 }) => tables.get(p2) ?? 'sqlite_schema'))];
  }

  /** What a statement with one parameter scans, by the names that it has there; only the relations that SQLite makes on the way are no scan. */
  scans(sql: string): readonly string[] {
    const details = this.db
      .prepare<[string], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all('[]')
      .map(({ detail }) => detail);
    const made = new Set(
      details.flatMap((detail) => /^(?:MATERIALIZE|CO-ROUTINE) (.+)$/.exec(detail)?.[1] ?? []),
    );
    return details.flatMap((detail) => {
      const name = /^SCAN (.+?)(?: USING .*| VIRTUAL TABLE .*| LEFT-JOIN)*$/.exec(detail)?.[1];
      if (name === undefined || made.has(name) || name.startsWith('(')) return [];
      return / VIRTUAL TABLE /.test(detail) ||
        /^(?:CONSTANT ROW|\d+ CONSTANT ROWS|\d+-ROW VALUES CLAUSE)$/.test(name)
        ? []
        : [name];
    });
  }

  /** An index that spares the statement one of its scans, as the planner says. */
  indexAgainst(
    sql: string,
    columns: readonly (readonly [table: string, column: string])[],
  ): string | undefined {
    const before = this.scans(sql).length;
    const name = quoteIdentifier('millrace probe');
    const found = columns.find(([table, column]) => {
      this.add(`CREATE INDEX ${name} ON ${quoteIdentifier(table)} (${quoteIdentifier(column)})`);
      const after = this.scans(sql).length;
      this.add(`DROP INDEX ${name}`);
      return after < before;
    });
    if (found === undefined) return undefined;
    const title = found.join('_');
    const called = /^[A-Za-z_]\w*$/.test(title) ? title : quoteIdentifier(title);
    return `CREATE INDEX ${called} ON ${quoteIdentifier(found[0])} (${quoteIdentifier(found[1])})`;
  }

  close(): void {
    this.db.close();
  }
}
