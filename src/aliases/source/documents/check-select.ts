import type { ColumnDefinition, Database } from 'better-sqlite3';
import { describeError } from '../../../foundation/errors';
import { inFew } from '../../../foundation/in-few';
import type { Table } from '../table';
import { tableNames } from './check-table';
import { type KeyColumn, keysExpression } from './key-relation';
import type { SchemaCopy } from './schema-copy';
import { requireSteady, said } from './check-steady';
import { meant, Unservable } from './unservable';

export interface SelectCheck {
  readonly db: Database;
  readonly copy: SchemaCopy;
  /** What it is, for messages: `the SELECT of the document card`. */
  readonly what: string;
  readonly select: string;
  /** The columns of `keys`. */
  readonly keys: readonly KeyColumn[];
  /** The tables that the document watches. */
  readonly tables: readonly Table[];
}

/** Looks whether a text is one SELECT over `keys` that reads and takes no parameters. @returns its columns @throws Unservable */
export function checkSelect(check: SelectCheck): readonly ColumnDefinition[] {
  const { db, copy, what, select, keys } = check;
  const wrong = (message: string, hint: string) => new Unservable('select', `${what} ${message}`, hint);
  if (!/^(?:\s|--.*\n|\/\*[^]*?\*\/)*(?:SELECT|WITH)\b/i.test(select))
    throw wrong('is no SELECT', 'Begin it with SELECT or WITH.');
  if (!/\bkeys\b/i.test(select)) {
    const example = keys.map(({ name }) => name).join(', ');
    throw wrong(
      'does not use `keys`, the relation that says which keys are asked for',
      `Let it say WHERE ${keys.length === 1 ? example : `(${example})`} IN keys.`,
    );
  }
  requireSteady(what, select);
  // Without a parameter of ours, so that any that it has is its own.
  const bare = keysExpression(keys, 'typed').replace('json_each(?)', "json_each('[]')");
  const statement = `WITH ${bare} SELECT * FROM (${select}\n) AS o`;
  checkReadable(check, statement);
  // Keys are asked for in pages of any size: what a row says may not depend on which others are asked for with its own.
  if (askCopy(check, () => copy.db.prepare(statement).all()).length > 0)
    throw wrong(
      'yields a row where no key is asked for, as an aggregate without GROUP BY does',
      'Let it GROUP BY the columns of the key.',
    );
  if (/\bLIMIT\b/i.test(outermost(select)))
    throw wrong(
      'ends with a LIMIT, which counts the rows of all keys that are asked for together',
      'Leave it out, or limit the rows of each key in a subselect.',
    );
  if (/\bOVER\b(?!\s*\(\s*PARTITION\b)/i.test(said(select)))
    throw wrong(
      'has a window over the rows of all keys that are asked for together',
      'Let it begin with PARTITION BY and the columns of the key.',
    );
  return db.prepare(statement).columns();
}

/** A SELECT without what stands in parentheses, quotes and comments. */
function outermost(select: string): string {
  let depth = 0;
  const words = (said(select).match(/[()]|\w+/g) ?? []).filter((part) => {
    if (part === '(') depth++;
    if (part === ')') depth--;
    return depth === 0 && /^\w/.test(part);
  });
  return words.join(' ');
}

/** Looks whether SQLite can read a statement. @throws Unservable */
export function checkReadable({ db, what, tables }: SelectCheck, sql: string): void {
  try {
    db.prepare(sql);
  } catch (error) {
    const { code, message } = describeError(error);
    if (code !== 'SQLITE_ERROR') throw error; // the file is locked, say: that is no fault of the statement
    throw new Unservable('select', `${what} cannot be read: ${message}`, hintFor(db, message, tables));
  }
}

/** Looks whether a query, with `keys` over its one parameter, can be read, by indexes, from tables that are watched. @throws Unservable */
export function checkQuery(check: SelectCheck, sql: string): void {
  checkReadable(check, sql);
  askCopy(check, () => check.copy.db.prepare<[string]>(sql).all('[]'));
  checkWatched(check, sql);
  checkPlan(check, sql);
}

/** What to do about an error message of SQLite. */
function hintFor(db: Database, message: string, tables: readonly Table[]): string {
  const table = /no such table: (?:main\.)?(.+)$/.exec(message)?.[1];
  if (table !== undefined) return meant(table, tableNames(db), 'Only tables of the file itself can be read.');
  const column = /no such column: (?:.*\.)?(.+?)(?: - .*)?$/.exec(message)?.[1];
  const columns = tables.flatMap((one) => one.columns.map(({ name }) => name));
  return column === undefined
    ? 'Try it in the sqlite3 shell, with a table `keys` beside.'
    : meant(column, columns, `The tables have ${inFew(columns)}.`);
}

/** Looks whether SQLite finds the rows by indexes. @param sql the whole statement, with `keys` over one parameter @throws Unservable */
export function checkPlan(check: SelectCheck, sql: string): void {
  const { copy, what, tables } = check;
  const scans = askCopy(check, () => copy.scans(sql));
  if (scans.length === 0) return;
  const columns = tables.flatMap((table) => table.columns.map(({ name }) => [table.name, name] as const));
  const index = copy.indexAgainst(sql, columns);
  throw new Unservable(
    'scan',
    `${what} reads all of ${inFew([...new Set(scans)])}, for every page of keys`,
    index === undefined
      ? 'Let each of its tables be found by an index, beginning with `IN keys`; for a table of which it needs only whether there is a row, write EXISTS (SELECT 1 … WHERE …).'
      : `It needs an index: ${index}`,
    index,
  );
}

/** Looks whether all tables that it reads are watched. @throws Unservable */
function checkWatched(check: SelectCheck, sql: string): void {
  const { copy, what, tables } = check;
  const read = askCopy(check, () => copy.tablesRead(sql));
  const missing = read.filter((name) => !tables.some((table) => table.name === name));
  if (missing.length === 0) return;
  throw new Unservable(
    'not-watched',
    `${what} reads ${inFew(missing)}, which the document does not watch: changes there would go unseen`,
    `Add to its watch: ${missing.map((name) => `${name}: the columns that hold its key, or a SELECT`).join('; ')}.`,
  );
}

/** Asks the copy, which has the ordinary tables only, without rows: nothing takes time there. */
function askCopy<T>({ what }: SelectCheck, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    const { message } = describeError(error);
    if (/parameter/i.test(message))
      throw new Unservable(
        'select',
        `${what} has parameters`,
        'Write the values into it: nothing can be bound.',
      );
    throw new Unservable(
      'select',
      `${what} needs more than ordinary tables: ${message}`,
      'A virtual table, and a function or collation of the application, cannot be read here.',
    );
  }
}
