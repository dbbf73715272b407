import type { Database, Statement } from 'better-sqlite3';
import { quoteIdentifier } from '../identifiers';
import type { Column, Table } from '../table';
import { longestKeyPart } from './outputs';

/** Key columns as SQLite has them. A text that is not valid UTF-8 is a Buffer: no blob can be here, for no walk reaches one. */
export type Cursor = readonly (string | number | bigint | Buffer)[];

/** Text; null: too long; Buffer: a REAL that its text does not name exactly. */
export type Row = readonly (string | null | Buffer)[];

export type Named = Readonly<Record<string, unknown>>;

interface PageStatements {
  readonly rows: Statement<[Named], Row>;
  readonly bytes: Statement<[Named], readonly (Buffer | null)[]>;
  readonly last: Statement<[Named], Cursor>;
}

export interface WalkStatements {
  readonly first: PageStatements;
  readonly next: PageStatements;
  /** The keys that the columns' own collations call equal to one. */
  readonly equal: Statement<[Named], Row>;
  readonly unkeyed: Statement<[], number> | undefined;
  readonly few: Statement<[number], readonly string[]> | undefined;
}

export function prepareWalk(db: Database, table: Table, columns: readonly Column[]): WalkStatements {
  const sql = walkQueries(table, columns);
  const pages = (from: 'first' | 'next'): PageStatements => ({
    rows: db.prepare<[Named], Row>(sql[from].rows).raw(),
    bytes: db.prepare<[Named], readonly (Buffer | null)[]>(sql[from].bytes).raw(),
    last: db.prepare<[Named], Cursor>(sql[from].last).raw().safeIntegers(),
  });
  return {
    first: pages('first'),
    next: pages('next'),
    equal: db.prepare<[Named], Row>(sql.equal).raw(),
    unkeyed: sql.unkeyed && db.prepare<[], number>(`SELECT ${sql.unkeyed.count}`).pluck(),
    few: sql.unkeyed && db.prepare<[number], readonly string[]>(sql.unkeyed.few).raw(),
  };
}

/** The SQL of a walk. Exported for the question whether an index serves it. */
export function walkQueries(table: Table, columns: readonly Column[]) {
  const from = `FROM main.${quoteIdentifier(table.name)} AS t`;
  const keys = columns.map(({ name }) => `t.${quoteIdentifier(name)}`);
  const [first = ''] = keys;
  const isRowid =
    table.rowidColumn !== undefined && columns.every(({ name }) => name === table.rowidColumn?.name);
  const texts = keys.map((key, position) => {
    const exact =
      columns[position]?.affinity === 'text'
        ? ''
        : ` WHEN typeof(${key}) = 'real' AND CAST(CAST(${key} AS TEXT) AS REAL) <> ${key} THEN x''`;
    return isRowid
      ? `CAST(${key} AS TEXT)`
      : `CASE WHEN octet_length(${key}) > ${longestKeyPart} THEN NULL${exact} ELSE CAST(${key} AS TEXT) END`;
  });
  const tuple = (items: readonly string[]) =>
    items.length === 1 ? (items[0] ?? '') : `(${items.join(', ')})`;
  // CAST makes text of bytes that are no UTF-8; no blob is ever bound otherwise.
  const bound = keys.map(
    (_key, position) =>
      `CASE typeof(@k${position}) WHEN 'blob' THEN CAST(@k${position} AS TEXT) ELSE @k${position} END`,
  );
  // `< x''` ends at the blobs, which sort behind all else, and leaves out the NULLs, which sort before.
  const others = keys.slice(1).map((key) => `${key} IS NOT NULL AND typeof(${key}) <> 'blob'`);
  const keyed = isRowid ? 'true' : [`${first} < x''`, ...others].join(' AND ');
  const page = (condition: string) => {
    const rest = `${from} WHERE ${condition}${keyed} ORDER BY ${keys.join(', ')} LIMIT`;
    const raw = keys.map(
      (key, at) =>
        `CASE WHEN ${texts[at] ?? ''} IS NULL THEN NULL ELSE CAST(CAST(${key} AS TEXT) AS BLOB) END`,
    );
    const stored = keys.map(
      (key) => `CASE typeof(${key}) WHEN 'text' THEN CAST(${key} AS BLOB) ELSE ${key} END`,
    );
    return {
      rows: `SELECT ${texts.join(', ')} ${rest} @limit`,
      bytes: `SELECT ${raw.join(', ')} ${rest} @limit`,
      last: `SELECT ${stored.join(', ')} ${rest} 1 OFFSET @offset`,
    };
  };
  const unkeyed = [`${first} IS NULL`, `${first} >= x''`];
  if (others.length > 0) unkeyed.push(`${first} < x'' AND NOT (${others.join(' AND ')})`);
  return {
    first: page(''),
    next: page(`${tuple(keys)} > ${tuple(bound)} AND `),
    equal: `SELECT DISTINCT ${texts.join(', ')} ${from} WHERE ${tuple(keys)} = ${tuple(bound)} AND ${keyed}`,
    unkeyed: isRowid
      ? undefined
      : {
          count: unkeyed.map((condition) => `(SELECT count(*) ${from} WHERE ${condition})`).join(' + '),
          few: `SELECT ${keys.map((key) => `typeof(${key})`).join(', ')} ${from} WHERE ${unkeyed.join(' OR ')} LIMIT ?`,
        },
  };
}
