import { isUtf8 } from 'node:buffer';
import type { Database, Statement } from 'better-sqlite3';
import type { DocumentMapping, KeyTemplate } from '../../../mapping/documents';
import { parseName, renderName } from '../../../mapping/key-template';
import { lazily } from '../../../foundation/lazily';
import { quoteIdentifier } from '../identifiers';
import { type KeyColumn, type KeyParts, keyRuns, keysExpression } from './key-relation';
import { type Fault, replacement } from './key-walk';
import { large, outputsOf } from './outputs';
import { contribute, type Contributions, nothing, render } from './values';

/** The key columns as text, then what the row contributes: see `outputsOf`. */
type Row = readonly unknown[];

/** Prepared at their first use: under load the file is opened anew several times a second. */
interface Statements {
  /** A few rows with small values: all at once is twice as fast as one by one. */
  readonly few: () => Statement<[keys: string], Row>;
  readonly rows: () => Statement<[keys: string], Row>;
  /** The same as bytes, for rows that may not be valid UTF-8. */
  readonly bytes: () => Statement<[keys: string], Row>;
}

/** Rows read at once, at the most. */
const fewRows = 16_000;

export interface Read {
  /** As many as the names; '' where there is no key. */
  readonly values: readonly string[];
  readonly faults: readonly Fault[];
}

/** Reads the values of named keys, in one statement nearly always. */
export class DocumentReader {
  readonly #db: Database;
  readonly #document: DocumentMapping;
  readonly #columns: readonly KeyColumn[];
  readonly #typed: Statements;
  readonly #loose: Statements;
  /** Whether the rows of the last keys were many or large: then those of the next ones are, most likely. */
  #many = false;

  /** @param columns the key columns, with the affinities that the walked table gives them */
  constructor(db: Database, document: DocumentMapping, columns: readonly KeyColumn[]) {
    this.#db = db;
    this.#document = document;
    this.#columns = columns;
    this.#typed = this.#prepare('typed');
    this.#loose = this.#prepare('loose');
  }

  /** @returns 'large' when the values of several names are together larger than `most` */
  read(names: readonly string[], most = Infinity): Read | 'large' {
    const asked = new Map<string, KeyParts>();
    for (const name of names) {
      const parts = parseName(this.#document.key, name);
      if (parts !== undefined) asked.set(name, parts);
    }
    const budget = { left: names.length > 1 ? most : Infinity };
    const known = [...asked.keys()];
    const all = new Map<string, Contributions>();
    for (const { how, keys, positions } of keyRuns(this.#columns, [...asked.values()])) {
      // Nearly always there is one run, of all keys.
      const found = positions.length === known.length ? all : new Map<string, Contributions>();
      for (const position of positions) found.set(known[position] ?? '', nothing());
      if (!this.#collect(how === 'typed' ? this.#typed : this.#loose, keys, found, budget)) return 'large';
      if (found !== all) for (const [name, contributions] of found) all.set(name, contributions);
    }
    const faults: Fault[] = [];
    const values = names.map((name) => {
      const contributions = all.get(name);
      const rendered = contributions && render(this.#document.form, contributions);
      if (rendered === undefined || 'value' in rendered) return rendered?.value ?? '';
      faults.push({ name: name.slice(0, 80), reason: rendered.fault });
      return '';
    });
    return { values, faults };
  }

  #prepare(how: 'typed' | 'loose'): Statements {
    const query = (what: Parameters<typeof readQuery>[3]) =>
      lazily(() =>
        this.#db.prepare<[string], Row>(readQuery(this.#document, this.#columns, how, what)).raw(),
      );
    return { few: query('few'), rows: query('rows'), bytes: query('bytes') };
  }

  /** @returns false when it gave up, for there was too much */
  #collect(
    statements: Statements,
    keys: string,
    found: ReadonlyMap<string, Contributions>,
    budget: { left: number },
  ): boolean {
    const count = this.#columns.length;
    const few = this.#many ? undefined : statements.few().all(keys);
    const all = few !== undefined && few.length < fewRows && !few.some((row) => row[count] === large);
    let rows = 0;
    let undecodable = false;
    for (const row of all ? few : statements.rows().iterate(keys)) {
      rows++;
      const name = this.#nameOf(row);
      const text = row[count];
      const to = name === undefined ? undefined : found.get(name);
      if (to === undefined) continue;
      if (typeof text !== 'string') {
        contribute(to, null, undefined);
        continue;
      }
      budget.left -= text.length;
      if (budget.left < 0) return false;
      contribute(to, text, row[count + 1]);
      undecodable ||= text.includes(replacement) || name?.includes(replacement) === true;
    }
    this.#many = !all && (rows >= fewRows || few !== undefined);
    if (undecodable) this.#judgeBytes(statements, keys, found);
    return true;
  }

  #nameOf(row: Row): string | undefined {
    const count = this.#columns.length;
    const [first] = row;
    if (count === 1) return typeof first === 'string' ? nameOf(this.#document.key, [first]) : undefined;
    const parts = row.slice(0, count);
    return parts.every((part) => typeof part === 'string') ? nameOf(this.#document.key, parts) : undefined;
  }

  /** Reads the rows once more, as bytes: a key whose value is not valid UTF-8 can have none. */
  #judgeBytes(statements: Statements, keys: string, found: ReadonlyMap<string, Contributions>): void {
    const count = this.#columns.length;
    for (const row of statements.bytes().iterate(keys)) {
      const parts = row.slice(0, count);
      if (!parts.every((part) => Buffer.isBuffer(part))) continue;
      const name = nameOf(
        this.#document.key,
        parts.map((part) => part.toString()),
      );
      const value = row[count];
      const to = name === undefined ? undefined : found.get(name);
      if (to === undefined || ![...parts, value].some((part) => Buffer.isBuffer(part) && !isUtf8(part)))
        continue;
      contribute(to, '!the value is not valid UTF-8', undefined);
    }
  }
}

/** @param what `few`: for all at once; `bytes`: texts are read as bytes */
export function readQuery(
  { form, rows, key }: DocumentMapping,
  columns: readonly KeyColumn[],
  how: 'typed' | 'loose',
  what: 'few' | 'rows' | 'bytes',
): string {
  const keys = keysExpression(columns, how);
  const names = key.parts.map(({ column }) => quoteIdentifier(column));
  const cast = (text: string) => (what === 'bytes' ? `CAST(${text} AS BLOB)` : text);
  const most = what === 'few' ? 'small' : 'whole';
  const limit = what === 'few' ? ` LIMIT ${fewRows}` : '';
  if (!('sql' in rows)) {
    const outputs = outputsOf(form, quoteIdentifier, most);
    const listed = [
      ...names.map((name) => cast(`CAST(${name} AS TEXT)`)),
      cast(outputs[0] ?? ''),
      ...outputs.slice(1),
    ];
    const left = names.length === 1 ? (names[0] ?? '') : `(${names.join(', ')})`;
    const where = rows.where === undefined ? '' : ` AND (${rows.where}\n)`;
    return `WITH ${keys} SELECT ${listed.join(', ')} FROM main.${quoteIdentifier(rows.table)} WHERE ${left} IN keys${where}${limit}`;
  }
  const outer = (column: string) => `o.${quoteIdentifier(column)}`;
  // What json_group_array and its like return is JSON to json_object, or text, as the plan happens to be; with '' behind it, it is text.
  const plain = (column: string) =>
    `CASE typeof(${outer(column)}) WHEN 'text' THEN ${outer(column)} || '' ELSE ${outer(column)} END`;
  const outputs = outputsOf(form, form.type === 'json' ? plain : outer, most);
  const parts = key.parts.map(({ column }) => {
    const part = outer(column);
    return `CASE WHEN typeof(${part}) NOT IN ('blob', 'null') THEN ${cast(`CAST(${part} AS TEXT)`)} END`;
  });
  return `WITH ${keys} SELECT ${[...parts, cast(outputs[0] ?? ''), ...outputs.slice(1)].join(', ')} FROM (${rows.sql}\n) AS o${limit}`;
}

/** undefined: a row that can have no key. */
function nameOf(key: KeyTemplate, parts: KeyParts): string | undefined {
  const rendered = renderName(key, parts);
  return 'name' in rendered ? rendered.name : undefined;
}
