import { isUtf8 } from 'node:buffer';
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

/** A key as read: text, text that is not valid UTF-8 as its bytes, or (behind all text) a blob. */
type Key = string | { readonly bytes: Buffer } | Buffer;

type Row = readonly [key: Key, id: string | null];

/** A page of the walk is cut to about this many characters, so that megabyte aliases do not make gigabyte pages. */
const pageCharacters = 2_000_000;

/** What bytes that are not valid UTF-8 read as in JavaScript. As text it is a legal alias, and not the one read. */
const replacement = '\uFFFD';

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
    const rows = this.#db.transaction(() => readPage(page, start, limit))();
    const characters = rows.reduce((sum, [key, id]) => sum + keyLength(key) + (id?.length ?? 0), 0);
    this.#limit = characters > pageCharacters ? limit >> 2 : limit * 2;
    const full = rows.length === limit;
    // The last alias of a full page may go on behind it: it opens the next page, unless it fills this one.
    const behind = full ? rows.findIndex(([key]) => sameKey(key, rows.at(-1)?.[0])) : rows.length;
    const last = rows[behind === 0 ? 0 : behind - 1]?.[0];
    const next = full ? cursor(last) : undefined;
    if (full && behind === 0 && next !== undefined) return this.#alone(next);

    const groups = new Map<string, string[]>();
    let skipped = 0;
    for (const [key, id] of rows.slice(0, behind)) {
      if (Buffer.isBuffer(key)) continue;
      if (typeof key !== 'string' || id === null) {
        skipped++;
        continue;
      }
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [id]);
      else group.push(id);
    }
    return { aliases: [...groups.keys()], values: [...groups.values()].map(renderIds), next, skipped };
  }

  /** An alias with more rows than a page holds. */
  #alone(key: string | Buffer): WalkPage {
    const [rows, usable] = this.#prepared.count.get(key) ?? [0, 0];
    const aliases = typeof key === 'string' && usable > 0 ? [key] : [];
    const skipped = typeof key === 'string' ? rows - usable : rows;
    return { aliases, values: this.lookUp(aliases), next: key, skipped };
  }
}

/** In one transaction, since it may read twice: first as text, then the bytes of what may have lost some by that. */
const readPage = (page: PageStatements, from: string | Buffer, limit: number): readonly Row[] =>
  page.rows.all(from, limit).map((row, position) => {
    const [key, id] = row;
    if (typeof key !== 'string' || !key.includes(replacement)) return row;
    const bytes = page.rawKey.get(from, position);
    return bytes === undefined || isUtf8(bytes) ? row : [{ bytes }, id];
  });

const keyLength = (key: Key): number => (typeof key === 'object' && 'bytes' in key ? key.bytes : key).length;

const sameKey = (one: Key, other: Key | undefined): boolean =>
  typeof one === 'object' && typeof other === 'object' && 'bytes' in one && 'bytes' in other
    ? one.bytes.equals(other.bytes)
    : one === other;

/** Where the page after this key starts; undefined for a blob, since only blobs come behind one. */
function cursor(key: Key | undefined): string | Buffer | undefined {
  if (typeof key === 'string' || key === undefined) return key;
  return 'bytes' in key ? key.bytes : undefined;
}

interface TruthStatements {
  readonly lookUp: Statement<[string], readonly [position: number, id: string | null]>;
  readonly absent: Statement<[string], [number]>;
  readonly first: PageStatements;
  readonly next: PageStatements;
  readonly unkeyed: Statement<[], number>;
  readonly count: Statement<[key: string | Buffer], readonly [rows: number, usable: number]>;
}

interface PageStatements {
  readonly rows: Statement<
    [from: string | Buffer, limit: number],
    readonly [key: string | Buffer, id: string | null]
  >;
  readonly rawKey: Statement<[from: string | Buffer, offset: number], Buffer>;
}

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
    rows: db
      .prepare<[string | Buffer, number], readonly [string | Buffer, string | null]>(sql.page(comparison))
      .raw(),
    rawKey: db.prepare<[string | Buffer, number], Buffer>(sql.rawKey(comparison)).pluck(),
  });
  return {
    lookUp: db.prepare<[string], readonly [number, string | null]>(sql.lookUp).raw(),
    absent: db.prepare<[string], [number]>(sql.absent).raw(),
    first: pages('>='),
    next: pages('>'),
    unkeyed: db.prepare<[], number>(sql.unkeyed).pluck(),
    count: db.prepare<[string | Buffer], readonly [number, number]>(sql.count).raw(),
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
    count: `SELECT count(*), count(${id}) FROM ${from} AS t WHERE ${key} = +CAST(? AS TEXT)`,
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
