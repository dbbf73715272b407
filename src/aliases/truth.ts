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

/** A key as read: text, or the bytes of text that is not valid UTF-8. */
type Key = string | Buffer;

/** Rows of a page in key order: `ids[i]` belongs to `keys[i]`, and is null where it can have no key. */
interface Rows {
  readonly keys: readonly Key[];
  readonly ids: readonly (string | null)[];
}

/** A page with a key or id larger than this is measured first, and holds no more than `pageBytes` (or two rows). */
const largeBytes = 4_096;
const pageBytes = 2_000_000;

/** What bytes that are not valid UTF-8 read as in JavaScript. As text it is a legal alias, and not the one read. */
const replacement = '\uFFFD';

/** Turns one alias table into its Redis contents: by look-up of named aliases, or by walking all of them in order. */
export class AliasTruth {
  readonly #db: Database;
  readonly #table: AliasTable;
  readonly #aliasCase: AliasCase;
  readonly #indexed: boolean;
  #statements: TruthStatements | undefined;

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
    const [positions, found] = this.#prepared.lookUp.get(JSON.stringify(aliases)) ?? ['[]', '[]'];
    const idOf = JSON.parse(found) as readonly (string | null)[];
    (JSON.parse(positions) as readonly number[]).forEach((position, row) => {
      const id = idOf[row] ?? null;
      if (id !== null) ids[position]?.push(id);
    });
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
  walk(from: Key | undefined, maximum: number): WalkPage {
    // The empty alias is the lowest text there is, and a key like any other.
    const page = from === undefined ? this.#prepared.first : this.#prepared.next;
    const start = from ?? '';
    let limit = Math.max(2, maximum);
    let rows = readPage(page, start, limit);
    if (rows === 'large' || rows.keys.some(mayHaveLostBytes)) {
      while (limit > 2 && (page.size.get(start, limit) ?? 0) > pageBytes) limit = Math.max(2, limit >> 2);
      // In one transaction, since it is read twice: as text, and the bytes of what may have lost some by that.
      rows = this.#db.transaction(() => readBytes(page, start, limit))();
    }
    const { keys, ids } = rows;
    const full = keys.length === limit;
    // The last alias of a full page may go on behind it: it opens the next page, unless it fills this one.
    let end = keys.length;
    const last = keys.at(-1);
    while (full && end > 0 && sameKey(keys[end - 1], last)) end--;
    if (full && end === 0 && last !== undefined) return this.#alone(last);

    const aliases: string[] = [];
    const groups: string[][] = [];
    let skipped = 0;
    for (let row = 0; row < end; row++) {
      const key = keys[row];
      const id = ids[row];
      if (typeof key !== 'string' || typeof id !== 'string') skipped++;
      else if (key === aliases.at(-1)) groups.at(-1)?.push(id);
      else {
        aliases.push(key);
        groups.push([id]);
      }
    }
    return { aliases, values: groups.map(renderIds), next: full ? keys[end - 1] : undefined, skipped };
  }

  /** An alias with more rows than a page holds. */
  #alone(key: Key): WalkPage {
    const [rows, usable] = this.#prepared.count.get(key) ?? [0, 0];
    const aliases = typeof key === 'string' && usable > 0 ? [key] : [];
    const skipped = typeof key === 'string' ? rows - usable : rows;
    return { aliases, values: this.lookUp(aliases), next: key, skipped };
  }
}

const mayHaveLostBytes = (key: Key): boolean => typeof key === 'string' && key.includes(replacement);

/** As two JSON arrays: parsing them is faster than making a row object of each. */
function readPage(page: PageStatements, from: Key, limit: number): Rows | 'large' {
  const [keys, ids, large] = page.rows.get(from, limit) ?? ['[]', '[]', 0];
  return large > 0 ? 'large' : parseColumns([keys, ids]);
}

const parseColumns = ([keys, ids]: JsonColumns): Rows => ({
  keys: JSON.parse(keys) as readonly string[],
  ids: JSON.parse(ids) as readonly (string | null)[],
});

function readBytes(page: PageStatements, from: Key, limit: number): Rows {
  const rows = parseColumns(page.largeRows.get(from, limit) ?? ['[]', '[]']);
  const keys = rows.keys.map((key, position) => {
    const bytes = mayHaveLostBytes(key) ? page.rawKey.get(from, position) : undefined;
    return bytes === undefined || isUtf8(bytes) ? key : bytes;
  });
  return { ...rows, keys };
}

const sameKey = (one: Key | undefined, other: Key | undefined): boolean =>
  one === other || (Buffer.isBuffer(one) && Buffer.isBuffer(other) && one.equals(other));

interface TruthStatements {
  readonly lookUp: Statement<[string], JsonColumns>;
  readonly absent: Statement<[string], [number]>;
  readonly first: PageStatements;
  readonly next: PageStatements;
  readonly unkeyed: Statement<[], number>;
  readonly count: Statement<[key: Key], readonly [rows: number, usable: number]>;
}

/** Two columns of as many rows, each as one JSON array. */
type JsonColumns = readonly [string, string];

interface PageStatements {
  /** Without what is large, and how many rows have something large. */
  readonly rows: Statement<[from: Key, limit: number], readonly [...JsonColumns, number]>;
  readonly largeRows: Statement<[from: Key, limit: number], JsonColumns>;
  /** In bytes, without reading what they are. */
  readonly size: Statement<[from: Key, limit: number], number>;
  readonly rawKey: Statement<[from: Key, offset: number], Buffer>;
}

interface Relation {
  readonly from: string;
  readonly key: string;
  /** As text; NULL where the row can have no key. */
  readonly id: string;
  /** As stored. */
  readonly rawId: string;
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
  return { from: `temp.${name}`, key: 't.key', id: 't.id', rawId: 't.id' };
}

function prepare(db: Database, relation: Relation): TruthStatements {
  const sql = queries(relation);
  const pages = (comparison: '>=' | '>'): PageStatements => ({
    rows: db.prepare<[Key, number], readonly [...JsonColumns, number]>(sql.rows(comparison)).raw(),
    largeRows: db.prepare<[Key, number], JsonColumns>(sql.largeRows(comparison)).raw(),
    size: db.prepare<[Key, number], number>(sql.size(comparison)).pluck(),
    rawKey: db.prepare<[Key, number], Buffer>(sql.rawKey(comparison)).pluck(),
  });
  return {
    lookUp: db.prepare<[string], JsonColumns>(sql.lookUp).raw(),
    absent: db.prepare<[string], [number]>(sql.absent).raw(),
    first: pages('>='),
    next: pages('>'),
    unkeyed: db.prepare<[], number>(sql.unkeyed).pluck(),
    count: db.prepare<[Key], readonly [number, number]>(sql.count).raw(),
  };
}

function directRelation(table: AliasTable, aliasCase: AliasCase): Relation {
  const [id, alias] = [`t.${quoteName(table.idColumn)}`, `t.${quoteName(table.aliasColumn)}`];
  // A blob alias sorts behind all text keys where the key is the column itself; as an expression it looks like text.
  const blob = table.aliasIsText && aliasCase === 'preserve' ? '' : ` OR typeof(${alias}) = 'blob'`;
  return {
    from: `main.${quoteName(table.table)}`,
    key: keyExpression(table, aliasCase, 't.'),
    id: `CASE WHEN typeof(${id}) = 'blob'${blob} THEN NULL ELSE CAST(${id} AS TEXT) END`,
    rawId: id,
  };
}

function queries({ from, key, id, rawId }: Relation) {
  // Bytes of a key that is not valid UTF-8 arrive as a blob: as text they compare as the key does. The unary plus takes away
  // the cast's affinity, which would keep SQLite from using an index on an expression. Blobs sort behind all text.
  const page = (comparison: string) =>
    `FROM ${from} AS t WHERE ${key} ${comparison} +CAST(? AS TEXT) AND ${key} < x'' ORDER BY ${key}`;
  return {
    lookUp: `SELECT json_group_array(named.key), json_group_array(${id})
      FROM json_each(?) AS named CROSS JOIN ${from} AS t WHERE ${key} = named.value`,
    absent: `SELECT named.key FROM json_each(?) AS named
      WHERE NOT EXISTS (SELECT 1 FROM ${from} AS t WHERE ${key} = named.value AND ${id} IS NOT NULL)`,
    rows: (comparison: string) =>
      `SELECT json_group_array(CASE WHEN NOT large THEN k END), json_group_array(CASE WHEN NOT large THEN i END), total(large)
       FROM (SELECT ${key} AS k, ${id} AS i, octet_length(${key}) > ${largeBytes} OR ifnull(octet_length(${rawId}), 0) > ${largeBytes} AS large
             ${page(comparison)} LIMIT ?)`,
    largeRows: (comparison: string) =>
      `SELECT json_group_array(k), json_group_array(i) FROM (SELECT ${key} AS k, ${id} AS i ${page(comparison)} LIMIT ?)`,
    size: (comparison: string) =>
      `SELECT sum(octet_length(k) + ifnull(octet_length(i), 0)) FROM (SELECT ${key} AS k, ${rawId} AS i ${page(comparison)} LIMIT ?)`,
    rawKey: (comparison: string) => `SELECT CAST(${key} AS BLOB) ${page(comparison)} LIMIT 1 OFFSET ?`,
    count: `SELECT count(*), count(${id}) FROM ${from} AS t WHERE ${key} = +CAST(? AS TEXT)`,
    unkeyed: `SELECT (SELECT count(*) FROM ${from} AS t WHERE ${key} IS NULL) + (SELECT count(*) FROM ${from} AS t WHERE ${key} >= x'')`,
  };
}

/** Whether SQLite can look aliases up, and walk them in order, by an index. Asked of the planner, not guessed. */
export function lookUpPlan(db: Database, table: AliasTable, aliasCase: AliasCase): 'indexed' | 'scan' {
  const { lookUp, rawKey } = queries(directRelation(table, aliasCase));
  const plan = (sql: string, ...values: unknown[]) =>
    db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
  const details = [...plan(lookUp, '[]'), ...plan(rawKey('>'), '', 1)];
  return details.some(({ detail }) => /^SCAN t\b|AUTOMATIC|TEMP B-TREE/.test(detail)) ? 'scan' : 'indexed';
}
