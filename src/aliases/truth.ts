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
  readonly #lookUp: Statement<[string], readonly [position: number, id: string | null]>;
  readonly #absent: Statement<[string], [number]>;
  readonly #first: PageStatements;
  readonly #next: PageStatements;
  readonly #unkeyed: Statement<[], number>;
  #limit = 100;

  constructor(db: Database, table: AliasTable, aliasCase: AliasCase) {
    const sql = queries(relation(db, table, aliasCase));
    this.#lookUp = db.prepare<[string], readonly [number, string | null]>(sql.lookUp).raw();
    this.#absent = db.prepare<[string], [number]>(sql.absent).raw();
    const pages = (comparison: '>=' | '>'): PageStatements => ({
      rows: db.prepare<[string | Buffer, number], Row>(sql.page(comparison)).raw(),
      rawKey: db.prepare<[string | Buffer, number], Buffer>(sql.rawKey(comparison)).pluck(),
    });
    this.#first = pages('>=');
    this.#next = pages('>');
    this.#unkeyed = db.prepare<[], number>(sql.unkeyed).pluck();
  }

  /** The values of the named aliases now, in one statement. */
  lookUp(aliases: readonly string[]): readonly string[] {
    const ids: string[][] = aliases.map(() => []);
    for (const [position, id] of this.#lookUp.all(JSON.stringify(aliases))) {
      if (id !== null) ids[position]?.push(id);
    }
    return ids.map(renderIds);
  }

  /** Which of the aliases have no key: their positions. Cheaper than looking up their values. */
  absent(aliases: readonly string[]): readonly number[] {
    return this.#absent.all(JSON.stringify(aliases)).map(([position]) => position);
  }

  /** Rows that the walk does not reach: a NULL alias, or a blob in a text column. */
  countUnkeyed(): number {
    return this.#unkeyed.get() ?? 0;
  }

  /**
   * The next page of distinct aliases in key order. Ends between two aliases, never inside one.
   * @param from `next` of the page before; undefined for the first. @param maximum rows in the page at the most.
   */
  walk(from: string | Buffer | undefined, maximum: number): WalkPage {
    const limit = Math.max(2, Math.min(this.#limit, maximum));
    // The empty alias is the lowest text there is, and a key like any other.
    const page = from === undefined ? this.#first : this.#next;
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
 * The table itself where an index serves look-ups; else (a file we may not write to) a snapshot in our own temporary
 * database, since each page of an unindexed walk would sort the whole table anew.
 */
function relation(db: Database, table: AliasTable, aliasCase: AliasCase): Relation {
  const direct = directRelation(table, aliasCase);
  if (lookUpPlan(db, table, aliasCase) === 'indexed') return direct;
  const snapshot = `temp.${quoteName(`millrace_snapshot_${table.mapping.type}`)}`;
  db.pragma('query_only = OFF');
  db.exec(`DROP TABLE IF EXISTS ${snapshot}`);
  db.exec(
    `CREATE TEMP TABLE ${snapshot.slice(5)} AS SELECT ${direct.key} AS key, ${direct.id} AS id FROM ${direct.from}`,
  );
  db.exec(
    `CREATE INDEX temp.${quoteName(`millrace_snapshot_${table.mapping.type}_key`)} ON ${snapshot.slice(5)} (key, id)`,
  );
  db.pragma('query_only = ON');
  return { from: snapshot, key: 't.key', id: 't.id' };
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
  // Bytes of a key that is not valid UTF-8 arrive as a blob: as text they compare as the key does.
  const page = (comparison: string) =>
    `FROM ${from} AS t WHERE ${key} ${comparison} CAST(? AS TEXT) ORDER BY ${key}`;
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
