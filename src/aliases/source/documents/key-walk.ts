import { isUtf8 } from 'node:buffer';
import type { Database, Statement } from 'better-sqlite3';
import type { KeyTemplate } from '../../../mapping/documents';
import { renderName } from '../../../mapping/key-template';
import { quoteIdentifier } from '../identifiers';
import type { Column, Table } from '../table';
import { longestKeyPart } from './outputs';

/** A row that can have no key, and why; `name` is what its key would be, as far as that can be told. */
export interface Fault {
  readonly name: string | null;
  readonly reason: string;
}

export interface KeyPage {
  /** Distinct. */
  readonly names: readonly string[];
  readonly faults: readonly Fault[];
  /** The last row's key columns as they are stored; undefined after the last page. */
  readonly next: Cursor | undefined;
}

/** Key columns as SQLite has them. A text that is not valid UTF-8 is a Buffer: no blob can be here, for no walk reaches one. */
type Cursor = readonly (string | number | bigint | Buffer)[];

/** Text; null: too long; Buffer: a REAL that its text does not name exactly. */
type Row = readonly (string | null | Buffer)[];

type Named = Readonly<Record<string, unknown>>;

interface PageStatements {
  readonly rows: Statement<[Named], Row>;
  readonly bytes: Statement<[Named], readonly (Buffer | null)[]>;
  readonly last: Statement<[Named], Cursor>;
}

/** JavaScript reads bytes that are not valid UTF-8 as this: a legal character, too. */
export const replacement = '\uFFFD';

/**
 * Walks the keys of a table in the order of its key columns, by an index. The order is that of the columns' own collations: keys that
 * these call equal (`a` and `A`, 1 and 1.0) are all in one page.
 */
export class KeyWalk {
  readonly #db: Database;
  readonly #columns: readonly Column[];
  readonly #template: KeyTemplate;
  readonly #first: PageStatements;
  readonly #next: PageStatements;
  readonly #equal: Statement<[Named], Row>;
  readonly #unkeyed: Statement<[], number> | undefined;
  readonly #few: Statement<[number], readonly string[]> | undefined;

  constructor(db: Database, table: Table, columns: readonly Column[], template: KeyTemplate) {
    this.#db = db;
    this.#columns = columns;
    this.#template = template;
    const sql = walkQueries(table, columns);
    const pages = (from: 'first' | 'next'): PageStatements => ({
      rows: db.prepare<[Named], Row>(sql[from].rows).raw(),
      bytes: db.prepare<[Named], readonly (Buffer | null)[]>(sql[from].bytes).raw(),
      last: db.prepare<[Named], Cursor>(sql[from].last).raw().safeIntegers(),
    });
    this.#first = pages('first');
    this.#next = pages('next');
    this.#equal = db.prepare<[Named], Row>(sql.equal).raw();
    if (sql.unkeyed === undefined) return;
    this.#unkeyed = db.prepare<[], number>(`SELECT ${sql.unkeyed.count}`).pluck();
    this.#few = db.prepare<[number], readonly string[]>(sql.unkeyed.few).raw();
  }

  /** The names of the next rows, `limit` rows about. @param after `next` of the page before */
  page(after: Cursor | undefined, limit: number): KeyPage {
    const statements = after === undefined ? this.#first : this.#next;
    const bound = { ...bind(after ?? []), limit, offset: limit - 1 };
    // In one transaction: the statements tell of the same rows.
    return this.#db.transaction((): KeyPage => {
      const rows = statements.rows.all(bound);
      const bytes = rows.some(mayHaveLostBytes) ? statements.bytes.all(bound) : undefined;
      const next = rows.length < limit ? undefined : statements.last.get(bound);
      const names = new Set<string>();
      const faults: Fault[] = [];
      for (const [position, row] of rows.entries()) this.#name(row, bytes?.[position], names, faults);
      if (next !== undefined)
        for (const row of this.#equal.all(bind(next))) this.#name(row, undefined, names, []);
      return { names: [...names], faults, next };
    })();
  }

  /** How many rows no page reaches: those with a NULL or a blob in a key column. */
  countUnkeyed(): number {
    return this.#unkeyed?.get() ?? 0;
  }

  /** A few of these rows. */
  unkeyed(limit: number): readonly Fault[] {
    return (this.#few?.all(limit) ?? []).map((types) => {
      const position = types.findIndex((type) => type === 'null' || type === 'blob');
      const what = types[position] === 'null' ? 'NULL' : 'a blob, no text';
      return { name: null, reason: `the key column ${this.#columns[position]?.name ?? ''} is ${what}` };
    });
  }

  #name(row: Row, bytes: readonly (Buffer | null)[] | undefined, names: Set<string>, faults: Fault[]): void {
    const parts: string[] = [];
    let reason: string | undefined;
    for (const [position, part] of row.entries()) {
      const column = `the key column ${this.#columns[position]?.name ?? ''}`;
      const raw = bytes?.[position];
      if (part === null) reason = `${column} is longer than ${longestKeyPart} bytes`;
      else if (typeof part !== 'string') reason = `${column} is a REAL that its text does not name exactly`;
      else if (raw != null && part.includes(replacement) && !isUtf8(raw))
        reason = `${column} is not valid UTF-8`;
      parts.push(typeof part === 'string' ? part : '');
    }
    const rendered = reason === undefined ? renderName(this.#template, parts) : { why: reason };
    if ('name' in rendered) names.add(rendered.name);
    else faults.push({ name: parts.join(', ').slice(0, 80), reason: rendered.why });
  }
}

const mayHaveLostBytes = (row: Row): boolean =>
  row.some((part) => typeof part === 'string' && part.includes(replacement));

const bind = (cursor: Cursor): Named =>
  Object.fromEntries(cursor.map((value, position) => [`k${position}`, value]));

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
