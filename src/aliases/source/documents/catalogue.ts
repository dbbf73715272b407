import type { Database } from 'better-sqlite3';
import { inFew } from '../../../foundation/in-few';
import { columnsOf, type DocumentMapping } from '../../../mapping/documents';
import { builtInDocuments } from '../../../mapping/file/built-in';
import type { Column, Table } from '../table';
import { checkQuery, checkReadable, checkSelect, type SelectCheck } from './check-select';
import { requireSteady } from './check-steady';
import { requireColumns, requireTable, requireUnique, wrongCount } from './check-table';
import { checkWatch, type ServedWatch } from './check-watch';
import { indexFor } from './indexes';
import { walkQueries } from './walk-statements';
import { readQuery } from './reader';
import { SchemaCopy } from './schema-copy';
import { meant, type Reason, Unservable } from './unservable';

/** A document as the file lets it be served. */
export interface ServedDocument {
  readonly state: 'served';
  readonly mapping: DocumentMapping;
  /** What a full pass walks. */
  readonly table: Table;
  /** Its columns that hold the key, in the order of the template. */
  readonly columns: readonly Column[];
  readonly watches: readonly ServedWatch[];
}

/** A document that cannot be served now. Its keys in Redis are left alone. */
export interface UnservedDocument {
  readonly state: 'unserved';
  readonly mapping: DocumentMapping;
  readonly reason: Reason;
  readonly message: string;
  readonly hint: string;
}

export type DocumentEntry = ServedDocument | UnservedDocument;

/** By documents, what was found last, and for which schema: under load a file is opened anew several times a second. */
const found = new WeakMap<
  readonly DocumentMapping[],
  { readonly schema: string; readonly entries: readonly DocumentEntry[] }
>();

/** Checks every document against the open database's catalogue. Reads only; never throws for a wrong one. */
export function readDocuments(db: Database, documents: readonly DocumentMapping[]): readonly DocumentEntry[] {
  if (documents.length === 0) return [];
  const schema = JSON.stringify(
    db.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY rowid').raw().all(),
  );
  const known = found.get(documents);
  if (known?.schema === schema) return known.entries;
  const entries = checkAll(db, documents);
  found.set(documents, { schema, entries });
  return entries;
}

function checkAll(db: Database, documents: readonly DocumentMapping[]): readonly DocumentEntry[] {
  const copy = new SchemaCopy(db);
  try {
    return documents.map((mapping) => {
      const checked = outcome(db, copy, mapping);
      if (!(checked instanceof Unservable)) return checked;
      const { reason, message } = checked;
      return { state: 'unserved', mapping, reason, message, hint: hintFor(db, copy, mapping, checked) };
    });
  } finally {
    copy.close();
  }
}

function outcome(db: Database, copy: SchemaCopy, mapping: DocumentMapping): ServedDocument | Unservable {
  try {
    return check(db, copy, mapping);
  } catch (error) {
    if (error instanceof Unservable) return error;
    throw error;
  }
}

/** Nobody needs that many. */
const mostIndexes = 8;

/** What to do: of a document that lacks indexes, all of them at once; of one that is built in, that it may be written otherwise. */
function hintFor(db: Database, copy: SchemaCopy, mapping: DocumentMapping, first: Unservable): string {
  const { index, reason, hint } = first;
  if (index !== undefined)
    return copy.trying(() => {
      const indexes = new Set([index]);
      for (let last = index; indexes.size < mostIndexes;) {
        copy.add(last);
        const next = outcome(db, copy, mapping);
        if (!(next instanceof Unservable)) break;
        if (next.index === undefined || indexes.has(next.index))
          return `It needs ${told(indexes)}; then: ${next.message}. ${next.hint}`;
        indexes.add((last = next.index));
      }
      return `It needs ${told(indexes)}`;
    });
  return reason === 'no-column' && builtInDocuments('sports-entities').includes(mapping)
    ? `${hint} Instead of including sports-entities, copy the entry from mappings/sports-entities.yaml into your file, and name your columns.`
    : hint;
}

const told = (indexes: ReadonlySet<string>): string =>
  `${indexes.size === 1 ? 'an index' : 'indexes'}: ${[...indexes].join('; ')}`;

/** @throws Unservable */
function check(db: Database, copy: SchemaCopy, mapping: DocumentMapping): ServedDocument {
  const { name, key, rows, form } = mapping;
  const what = `the document ${name}`;
  const table = requireTable(db, what, rows.table);
  const walked = mapping.watch.find(
    (watch) => watch.select === undefined && watch.table.toLowerCase() === table.name.toLowerCase(),
  );
  const names =
    walked?.by.length === 0
      ? table.primaryKey.map((column) => column.name)
      : (walked?.by ?? key.parts.map(({ column }) => column));
  const columns = requireColumns(what, table, names);
  if (columns.length !== key.parts.length) throw wrongCount(what, table, columns, key.parts.length);
  const tables = new Map([[table.name, table]]);
  for (const watch of mapping.watch) {
    const found = requireTable(db, what, watch.table);
    tables.set(found.name, found);
  }
  copy.add(indexFor(table, columns).sql);
  const relation = columns.map(({ affinity }, at) => ({ name: key.parts[at]?.column ?? '', affinity }));
  const checking = (what: string, select: string): SelectCheck => ({
    ...{ db, copy, what, select, keys: relation },
    tables: [...tables.values()],
  });
  checkReadable(checking(what, ''), walkQueries(table, columns).next.rows);
  const watches = mapping.watch.map((watch) => checkWatch(checking, watch, { table, columns, mapping }));
  const query = readQuery(mapping, relation, 'typed', 'few');
  if ('sql' in rows) {
    const of = checking(`the SELECT of ${what}`, rows.sql);
    const yielded = checkSelect(of).map((column) => column.name);
    for (const column of [...key.parts.map((part) => part.column), ...columnsOf(form)]) {
      if (yielded.some((one) => one.toLowerCase() === column.toLowerCase())) continue;
      const say = `It yields ${inFew(yielded)}.`;
      throw new Unservable(
        'no-column',
        `the SELECT of ${what} yields no column ${column}`,
        meant(column, yielded, say),
      );
    }
    checkQuery(of, query);
  } else {
    requireColumns(what, table, columnsOf(form));
    if (form.type === 'json' || form.type === 'hash' || form.type === 'string')
      requireUnique(db, what, table, columns);
    if (rows.where !== undefined) requireSteady(`the where of ${what}`, rows.where);
    checkQuery(checking(rows.where === undefined ? what : `the where of ${what}`, rows.where ?? ''), query);
  }
  return { state: 'served', mapping, table, columns, watches };
}
