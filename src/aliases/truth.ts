import type { Database, Statement } from 'better-sqlite3';
import { type AliasTable, keyExpression } from './catalogue';
import { quoteName } from './identifiers';
import { renderIds } from './ids';
import type { AliasCase } from './mapping';

/** What Redis should hold for some aliases: `values[i]` belongs to `aliases[i]`; '' means no key. */
export interface Truth {
  readonly aliases: readonly string[];
  readonly values: readonly string[];
}

export interface WalkPage extends Truth {
  /** Where the next page starts; undefined after the last one. */
  readonly next: string | Buffer | undefined;
  /** Rows that can have no key: a blob or undecodable alias, a NULL or blob id. */
  readonly skipped: number;
}

type Row = readonly [key: unknown, id: string | null];

/** A page of the walk is cut to about this many characters, so that megabyte aliases do not make gigabyte pages. */
const pageCharacters = 2_000_000;

/** How text that is not valid UTF-8 reads in JavaScript. It cannot be looked up under that name: it can have no key. */
const undecodable = '\uFFFD';

/** Turns one alias table into its Redis contents: by look-up of named aliases, or by walking all of them in order. */
export class AliasTruth {
  readonly #db: Database;
  readonly #table: AliasTable;
  readonly #aliasCase: AliasCase;
  readonly #indexed: boolean;
  #statements: TruthStatements | undefined;
  #limit = 100;

  constructor(db: Database, table: AliasTable, aliasCase: AliasCase) {
    this.#db = db;
    this.#table = table;
    this.#aliasCase = aliasCase;
    this.#indexed = lookUpPlan(db, table, aliasCase) === 'indexed';
  }

  /** Whether every answer is of this moment. */
  get live(): boolean {
    return this.#indexed;
  }

  /** Looks at the table as it is now: without an index, everything until the next call is read from a snapshot taken here. */
  refresh(): void {
    if (!this.#indexed) this.#statements = undefined;
  }

  /** Prepared late, since a snapshot costs a read of the whole table. */
  get #prepared(): TruthStatements {
    const direct = directRelation(this.#table, this.#aliasCase);
    this.#statements ??= prepare(
      this.#db,
      this.#indexed ? direct : snapshot(this.#db, direct, this.#table.mapping.type),
    );
    return this.#statements;
  }

  /** The values of the named aliases now, in one statement. */
  lookUp(aliases: readonly string[]): readonly string[] {
    const ids: string[][] = aliases.map(() => []);
    for (const [position, id] of this.#prepared.lookUp.all(JSON.stringify(aliases))) {
      if (id !== null) ids[position]?.push(id);
    }
    return ids.map(renderIds);
  }

  /** Which of the aliases have no key: their positions. Cheaper than looking up their values. */
  absent(aliases: readonly string[]): readonly number[] {
    return this.#prepared.absent.all(JSON.stringify(aliases)).map(([position]) => position);
  }

  /** Rows that the walk does not reach: a NULL alias, or a blob in a text column. */
  countUnkeyed(): number {
    return this.#prepared.unkeyed.get() ?? 0;
  }

  /**
   * The next page of distinct aliases in key order. Ends between two aliases, never inside one.
   * @param from `next` of the page before; undefined for the first. @param maximum rows in the page at the most.
   */
  walk(from: string | Buffer | undefined, maximum: number): WalkPage {
    const limit = Math.max(2, Math.min(this.#limit, maximum));
    // The empty alias is the lowest text there is, and a key like any other.
    const page = from === undefined ? this.#prepared.first : this.#prepared.next;
    const start = from ?? '';
    const rows = page.rows.all(start, limit);
    const full = rows.length === limit;
    let end = rows.length;
    // The last alias of a full page may go on behind it: it opens the next page, unless it fills this one.
    while (full && end > 0 && rows[end - 1]?.[0] === rows.at(-1)?.[0]) end--;
    const whole = full && end === 0;
    if (whole) end = limit;

    const groups = new Map<string, string[]>();
    let skipped = 0;
    let characters = 0;
    for (const [key, id] of rows.slice(0, end)) {
      if (typeof key !== 'string') continue;
      if (id === null || (key.includes(undecodable) && this.absent([key]).length > 0)) {
        skipped++;
        continue;
      }
      characters += key.length + id.length;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [id]);
      else group.push(id);
    }
    this.#limit = characters > pageCharacters ? limit >> 2 : limit * 2;
    const last = rows[end - 1]?.[0];
    const aliases = [...groups.keys()];
    return {
      aliases,
      values: whole ? this.lookUp(aliases) : [...groups.values()].map(renderIds),
      next: full && typeof last === 'string' ? cursor(page, last, start, end - 1) : undefined,
      skipped,
    };
  }
}

interface TruthStatements {
  readonly lookUp: Statement<[string], readonly [position: number, id: string | null]>;
  readonly absent: Statement<[string], [number]>;
  readonly first: PageStatements;
  readonly next: PageStatements;
  readonly unkeyed: Statement<[], number>;
}

interface PageStatements {
  readonly rows: Statement<[from: string | Buffer, limit: number], Row>;
  readonly rawKey: Statement<[from: string | Buffer, offset: number], Buffer>;
}

/** Where the page after `last` starts. A key that lost bytes in decoding is no place to go on from: take its bytes. */
const cursor = (
  page: PageStatements,
  last: string,
  from: string | Buffer,
  offset: number,
): string | Buffer => (last.includes(undecodable) ? (page.rawKey.get(from, offset) ?? last) : last);

interface Relation {
  readonly from: string;
  readonly key: string;
  readonly id: string;
}

/**
 * A copy in our own temporary database, for a table without a usable index in a file we may not write to: each page of an
 * unindexed walk would sort the whole table anew.
 */
function snapshot(db: Database, { from, key, id }: Relation, type: string): Relation {
  const name = quoteName(`millrace_snapshot_${type}`);
  db.pragma('query_only = OFF');
  db.exec(`DROP TABLE IF EXISTS temp.${name};
    CREATE TEMP TABLE ${name} AS SELECT ${key} AS key, ${id} AS id FROM ${from} AS t;
    CREATE INDEX temp.${quoteName(`millrace_snapshot_${type}_key`)} ON ${name} (key, id);`);
  db.pragma('query_only = ON');
  return { from: `temp.${name}`, key: 't.key', id: 't.id' };
}

function prepare(db: Database, relation: Relation): TruthStatements {
  const sql = queries(relation);
  const pages = (comparison: '>=' | '>'): PageStatements => ({
    rows: db.prepare<[string | Buffer, number], Row>(sql.page(comparison)).raw(),
    rawKey: db.prepare<[string | Buffer, number], Buffer>(sql.rawKey(comparison)).pluck(),
  });
  return {
    lookUp: db.prepare<[string], readonly [number, string | null]>(sql.lookUp).raw(),
    absent: db.prepare<[string], [number]>(sql.absent).raw(),
    first: pages('>='),
    next: pages('>'),
    unkeyed: db.prepare<[], number>(sql.unkeyed).pluck(),
  };
}

function directRelation(table: AliasTable, aliasCase: AliasCase): Relation {
  const [id, alias] = [`t.${quoteName(table.idColumn)}`, `t.${quoteName(table.aliasColumn)}`];
  return {
    from: `main.${quoteName(table.table)}`,
    key: keyExpression(table, aliasCase, 't.'),
    id: `CASE WHEN typeof(${id}) = 'blob' OR typeof(${alias}) = 'blob' THEN NULL ELSE CAST(${id} AS TEXT) END`,
  };
}

function queries({ from, key, id }: Relation) {
  // Bytes of a key that is not valid UTF-8 arrive as a blob: as text they compare as the key does. The unary plus takes away
  // the cast's affinity, which would keep SQLite from using an index on an expression.
  const page = (comparison: string) =>
    `FROM ${from} AS t WHERE ${key} ${comparison} +CAST(? AS TEXT) ORDER BY ${key}`;
  return {
    lookUp: `SELECT named.key, ${id} FROM json_each(?) AS named CROSS JOIN ${from} AS t WHERE ${key} = named.value`,
    absent: `SELECT named.key FROM json_each(?) AS named WHERE NOT EXISTS (SELECT 1 FROM ${from} AS t WHERE ${key} = named.value AND ${id} IS NOT NULL)`,
    page: (comparison: string) => `SELECT ${key}, ${id} ${page(comparison)} LIMIT ?`,
    rawKey: (comparison: string) => `SELECT CAST(${key} AS BLOB) ${page(comparison)} LIMIT 1 OFFSET ?`,
    unkeyed: `SELECT (SELECT count(*) FROM ${from} AS t WHERE ${key} IS NULL) + (SELECT count(*) FROM ${from} AS t WHERE ${key} >= x'')`,
  };
}

/** Whether SQLite can look aliases up, and walk them in order, by an index. Asked of the planner, not guessed. */
export function lookUpPlan(db: Database, table: AliasTable, aliasCase: AliasCase): 'indexed' | 'scan' {
  const { lookUp, page } = queries(directRelation(table, aliasCase));
  const plan = (sql: string, ...values: unknown[]) =>
    db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
  const details = [...plan(lookUp, '[]'), ...plan(page('>'), '', 1)];
  return details.some(({ detail }) => /^SCAN t\b|AUTOMATIC|TEMP B-TREE/.test(detail)) ? 'scan' : 'indexed';
}
