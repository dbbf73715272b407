import { isUtf8 } from 'node:buffer';
import type { Database } from 'better-sqlite3';
import type { KeyTemplate } from '../../../mapping/documents';
import { renderName } from '../../../mapping/key-template';
import { lazily } from '../../../foundation/lazily';
import type { Column, Table } from '../table';
import { longestKeyPart } from './outputs';
import { type Cursor, type Named, prepareWalk, type Row, type WalkStatements } from './walk-statements';

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
  readonly #statements: () => WalkStatements;

  constructor(db: Database, table: Table, columns: readonly Column[], template: KeyTemplate) {
    this.#db = db;
    this.#columns = columns;
    this.#template = template;
    this.#statements = lazily(() => prepareWalk(db, table, columns));
  }

  /** The names of the next rows, `limit` rows about. @param after `next` of the page before */
  page(after: Cursor | undefined, limit: number): KeyPage {
    const { first, next: others, equal } = this.#statements();
    const statements = after === undefined ? first : others;
    const bound = { ...bind(after ?? []), limit, offset: limit - 1 };
    // In one transaction: the statements tell of the same rows.
    return this.#db.transaction((): KeyPage => {
      const rows = statements.rows.all(bound);
      const bytes = rows.some(mayHaveLostBytes) ? statements.bytes.all(bound) : undefined;
      const next = rows.length < limit ? undefined : statements.last.get(bound);
      const names = new Set<string>();
      const faults: Fault[] = [];
      for (const [position, row] of rows.entries()) this.#name(row, bytes?.[position], names, faults);
      if (next !== undefined) for (const row of equal.all(bind(next))) this.#name(row, undefined, names, []);
      return { names: [...names], faults, next };
    })();
  }

  /** How many rows no page reaches: those with a NULL or a blob in a key column. */
  countUnkeyed(): number {
    return this.#statements().unkeyed?.get() ?? 0;
  }

  /** A few of these rows. */
  unkeyed(limit: number): readonly Fault[] {
    return (this.#statements().few?.all(limit) ?? []).map((types) => {
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
