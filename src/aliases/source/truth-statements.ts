import type { Database, Statement } from 'better-sqlite3';
import { type AliasTable, keyExpression } from './catalogue';
import { lazily } from '../../foundation/lazily';
import { quoteIdentifier } from './identifiers';
import type { AliasCase } from '../../mapping/alias-tables';

/** A key as read: text, or the bytes of text that is not valid UTF-8. */
export type Key = string | Buffer;

/** A page is read without keys and ids larger than this. */
const largeBytes = 4_096;

/**
 * The most bytes of an alias and an id: a row with more has no key, and the value never leaves SQLite. (A generated column, whose
 * value would have to be computed first, is not served at all: catalogue.ts.)
 */
export const longestAlias = 1_048_576;
export const longestId = 65_536;

/** The statements of AliasTruth, each prepared at its first use: under load the file is opened anew several times a second. */
export interface TruthStatements {
  readonly lookUp: () => Statement<[string], JsonColumns>;
  readonly absent: () => Statement<[string], [number]>;
  readonly first: PageStatements;
  readonly next: PageStatements;
  readonly unkeyed: () => Statement<[], number>;
  readonly count: () => Statement<[key: Key], readonly [rows: number, usable: number]>;
}

/** Two columns of as many rows, each as one JSON array. */
export type JsonColumns = readonly [string, string];

/** A key, null if it is large; and an id as text, 0 if it is large, null if the row can have no key. */
export type PageRow = readonly [key: string | null, id: string | 0 | null];

export interface PageStatements {
  readonly rows: () => Statement<[from: Key, limit: number], PageRow>;
  readonly largeRows: () => Statement<[from: Key, limit: number], JsonColumns>;
  /** The bytes of all keys and ids, without reading them. */
  readonly size: () => Statement<[from: Key, limit: number], number>;
  readonly rawKey: () => Statement<[from: Key, offset: number], Buffer>;
  /** How many rows up to `to` (null: the end) have too long an alias; `largeRows` leaves these out. */
  readonly tooLong: () => Statement<[from: Key, to: Key | null], number>;
}

interface Relation {
  readonly from: string;
  readonly key: string;
  /** The id as text; NULL where the row can have no key. */
  readonly id: string;
  /** The same, and 0 where it is large: quickly told of integers, of which most ids are. */
  readonly smallId: string;
  /** The id as it is stored. */
  readonly rawId: string;
  readonly rawAlias: string;
}

/**
 * A copy of the table in our own temporary database, for a table without a usable index in a file we may not write to: without an
 * index each page of the walk would sort the whole table anew.
 */
function snapshot(db: Database, { from, key, id }: Relation, named: string): Relation {
  const name = quoteIdentifier(`millrace_snapshot_${named}`);
  db.exec(`DROP TABLE IF EXISTS temp.${name};
    CREATE TEMP TABLE ${name} AS
      SELECT CASE WHEN octet_length(${key}) <= ${longestAlias} THEN ${key} END AS key, ${id} AS id FROM ${from} AS t;
    CREATE INDEX temp.${quoteIdentifier(`millrace_snapshot_${named}_key`)} ON ${name} (key, id);`);
  const smallId = `CASE WHEN octet_length(t.id) > ${largeBytes} THEN 0 ELSE t.id END`;
  return { from: `temp.${name}`, key: 't.key', id: 't.id', smallId, rawId: 't.id', rawAlias: 't.key' };
}

/** Prepares the statements. @param indexed false: they read a snapshot, taken now */
export function prepareTruth(
  db: Database,
  table: AliasTable,
  aliasCase: AliasCase,
  indexed: boolean,
): TruthStatements {
  const direct = directRelation(table, aliasCase);
  const sql = queries(indexed ? direct : snapshot(db, direct, `${table.mapping.type}_${aliasCase}`));
  const pages = (comparison: '>=' | '>'): PageStatements => ({
    rows: lazily(() => db.prepare<[Key, number], PageRow>(sql.rows(comparison)).raw()),
    largeRows: lazily(() => db.prepare<[Key, number], JsonColumns>(sql.largeRows(comparison)).raw()),
    size: lazily(() => db.prepare<[Key, number], number>(sql.size(comparison)).pluck()),
    rawKey: lazily(() => db.prepare<[Key, number], Buffer>(sql.rawKey(comparison)).pluck()),
    tooLong: lazily(() => db.prepare<[Key, Key | null], number>(sql.tooLong(comparison)).pluck()),
  });
  return {
    lookUp: lazily(() => db.prepare<[string], JsonColumns>(sql.lookUp).raw()),
    absent: lazily(() => db.prepare<[string], [number]>(sql.absent).raw()),
    first: pages('>='),
    next: pages('>'),
    unkeyed: lazily(() => db.prepare<[], number>(sql.unkeyed).pluck()),
    count: lazily(() => db.prepare<[Key], readonly [number, number]>(sql.count).raw()),
  };
}

export function directRelation(table: AliasTable, aliasCase: AliasCase): Relation {
  const [id, alias] = [`t.${quoteIdentifier(table.idColumn)}`, `t.${quoteIdentifier(table.aliasColumn)}`];
  // A blob alias sorts behind all text keys where the key is the column itself; as an expression it looks like text.
  const blob = table.aliasIsText && aliasCase === 'preserve' ? '' : ` OR typeof(${alias}) = 'blob'`;
  const text = `CASE WHEN octet_length(${id}) > ${largeBytes} THEN 0 ELSE CAST(${id} AS TEXT) END`;
  const tooLong = `typeof(${id}) = 'text' AND octet_length(${id}) > ${longestId} OR octet_length(${alias}) > ${longestAlias}`;
  return {
    from: `main.${quoteIdentifier(table.table)}`,
    key: keyExpression(table, aliasCase, 't.'),
    id: `CASE WHEN typeof(${id}) = 'blob'${blob} OR ${tooLong} THEN NULL ELSE CAST(${id} AS TEXT) END`,
    smallId: `CASE WHEN FALSE${blob} THEN NULL ELSE CASE typeof(${id}) WHEN 'integer' THEN CAST(${id} AS TEXT) WHEN 'blob' THEN NULL ELSE ${text} END END`,
    rawId: id,
    rawAlias: alias,
  };
}

function queries({ from, key, id, smallId }: Relation) {
  // A key that is not valid UTF-8 is bound as a blob; CAST to text makes it compare as the stored one does. The unary plus takes away
  // the cast's affinity, which would keep SQLite from using an index on an expression. `< x''` ends at the blobs, which sort behind all text.
  const after = (comparison: string) => `FROM ${from} AS t WHERE ${key} ${comparison} +CAST(? AS TEXT)`;
  const page = (comparison: string) => `${after(comparison)} AND ${key} < x'' ORDER BY ${key}`;
  const inBounds = (comparison: string) =>
    `${after(comparison)} AND ${key} < x'' AND octet_length(${key}) <= ${longestAlias} ORDER BY ${key}`;
  return {
    lookUp: `SELECT json_group_array(named.key), json_group_array(${id})
      FROM json_each(?) AS named CROSS JOIN ${from} AS t WHERE ${key} = named.value`,
    absent: `SELECT named.key FROM json_each(?) AS named
      WHERE NOT EXISTS (SELECT 1 FROM ${from} AS t WHERE ${key} = named.value AND ${id} IS NOT NULL)`,
    rows: (comparison: string) =>
      `SELECT CASE WHEN octet_length(${key}) <= ${largeBytes} THEN ${key} END, ${smallId} ${page(comparison)} LIMIT ?`,
    largeRows: (comparison: string) =>
      `SELECT json_group_array(k), json_group_array(i) FROM (SELECT ${key} AS k, ${id} AS i ${inBounds(comparison)} LIMIT ?)`,
    size: (comparison: string) =>
      `SELECT sum(octet_length(k) + ifnull(octet_length(i), 0)) FROM (SELECT ${key} AS k, ${id} AS i ${inBounds(comparison)} LIMIT ?)`,
    rawKey: (comparison: string) => `SELECT CAST(${key} AS BLOB) ${inBounds(comparison)} LIMIT 1 OFFSET ?`,
    tooLong: (comparison: string) =>
      `SELECT count(*) ${after(comparison)} AND ${key} <= ifnull(CAST(? AS TEXT), x'') AND octet_length(${key}) > ${longestAlias}`,
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
