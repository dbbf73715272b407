import type { Database } from 'better-sqlite3';
import { quoteIdentifier, quoteText } from './identifiers';

/** One thing by which two rows of a table may conflict. */
export interface UniqueKey {
  /** SQL that holds, inside a trigger, for the rows that NEW would replace. */
  readonly conflict: string;
  /** The plain columns compared with BINARY collation. */
  readonly binaryColumns: readonly string[];
  /** Two rows can come to conflict over the key only when one of these columns changes; undefined: expressions, or a condition, may bring that about, too. */
  readonly columns: readonly string[] | undefined;
}

interface Index {
  readonly name: string;
  readonly partial: number;
  readonly sql: string | null;
}

interface IndexColumn {
  readonly name: string | null;
  readonly coll: string;
}

interface Column {
  readonly name: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
}

/**
 * The unique keys of a table from PRAGMA index_list. A `conflict` that holds for a row too many is harmless; for one too few, a
 * change is lost. (A key of which no part can be read is left to the full pass.)
 */
export function uniqueKeys(db: Database, table: string): readonly UniqueKey[] {
  const indexes = db
    .prepare<[string], Index>(
      `SELECT list.name, list.partial, master.sql FROM pragma_index_list(?) AS list
       LEFT JOIN sqlite_master AS master ON master.type = 'index' AND master.name = list.name
       WHERE list."unique" = 1`,
    )
    .all(table);
  const readParts = db.prepare<[string], IndexColumn>(
    'SELECT name, coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno',
  );
  const columns = db
    .prepare<[string], Column>(
      'SELECT name, "notnull", dflt_value FROM pragma_table_xinfo(?) WHERE hidden <> 1',
    )
    .all(table);
  const values = new Map(columns.map((column) => [column.name, newValue(column)]));
  return indexes.flatMap(({ name, partial, sql }) => {
    const { expressions, where } = parseIndex(sql ?? '');
    const parts = readParts.all(name);
    const terms = parts.flatMap((part, position) =>
      part.name === null
        ? expressionTerm(expressions[position], values)
        : [
            `${quoteIdentifier(part.name)} = ${values.get(part.name) ?? `NEW.${quoteIdentifier(part.name)}`} COLLATE ${quoteIdentifier(part.coll)}`,
          ],
    );
    if (terms.length === 0) return [];
    // Only rows that are in a partial index can be in the way, and only so can the index find them.
    if (partial === 1 && where !== undefined) terms.push(`(${where})`);
    const binaryColumns = parts.flatMap((part) =>
      part.name !== null && part.coll === 'BINARY' ? [part.name] : [],
    );
    const columns = parts.flatMap((part) => part.name ?? []);
    const plain = partial === 0 && columns.length === parts.length;
    return [{ conflict: terms.join(' AND '), binaryColumns, columns: plain ? columns : undefined }];
  });
}

/** A BEFORE trigger still sees the NULL for which OR REPLACE is going to put a NOT NULL column's default. */
function newValue({ name, notnull, dflt_value: text }: Column): string {
  const value = `NEW.${quoteIdentifier(name)}`;
  const literal = notnull === 1 && text !== null ? literalDefault(text) : undefined;
  return literal === undefined ? value : `coalesce(${value}, ${literal})`;
}

/** A column's default as a literal that may stand in a trigger; undefined for forms that only CREATE TABLE allows. */
function literalDefault(text: string): string | undefined {
  if (/^('([^']|'')*'|x'[0-9a-f]*'|[+-]?\s*[0-9.][0-9a-z.+-]*|true|false|null|current_\w+)$/i.test(text))
    return text;
  // CREATE TABLE takes a bare word for a text; a trigger would take it for a column.
  return /^[a-z_]\w*$/i.test(text) ? quoteText(text) : undefined;
}

/**
 * SQL that compares an indexed expression with its value for NEW: a sub-select gives NEW's values the columns' own names, so that
 * the expression's text can stand as it is. The sub-select names no other column: SQLite lets nobody drop one that a trigger names.
 */
function expressionTerm(
  expression: string | undefined,
  values: ReadonlyMap<string, string>,
): readonly string[] {
  if (expression === undefined) return [];
  const named = namesIn(expression);
  const row = [...values]
    .filter(([name]) => named.has(name.toLowerCase()))
    .map(([name, value]) => `${value} AS ${quoteIdentifier(name)}`);
  return [`(${expression}) = (SELECT ${expression} FROM (SELECT ${['1', ...row].join(', ')}))`];
}

/** The names in an expression, in lower case, but for texts and for functions that are called. */
function namesIn(expression: string): ReadonlySet<string> {
  const tokens =
    /'(?:[^']|'')*'|"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[([^\]]*)\]|([\p{L}_$\u0080-\uffff][\p{L}\p{N}_$\u0080-\uffff]*)(?![\p{L}\p{N}_$\u0080-\uffff]|\s*\()/gu;
  const names = [...expression.matchAll(tokens)].map(
    ([, double, back, square, bare]) =>
      double?.replaceAll('""', '"') ?? back?.replaceAll('``', '`') ?? square ?? bare ?? '',
  );
  return new Set(names.map((name) => name.toLowerCase()));
}

export interface IndexText {
  /** The comma-separated parts between the outer parentheses, without ASC or DESC. */
  readonly expressions: readonly string[];
  /** The condition of a partial index. */
  readonly where: string | undefined;
}

/** Takes a CREATE INDEX statement apart. What cannot be read is left out. */
function parseIndex(statement: string): IndexText {
  const sql = withoutComments(statement);
  const expressions: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < sql.length; at++) {
    const character = sql.charAt(at);
    const closing = { "'": "'", '"': '"', '`': '`', '[': ']' }[character];
    if (closing !== undefined) {
      at = sql.indexOf(closing, at + 1);
      if (at === -1) break;
    } else if (character === '(') {
      if (++depth === 1) start = at + 1;
    } else if ((character === ',' && depth === 1) || (character === ')' && --depth === 0)) {
      const expression = sql.slice(start, at).replace(/\s+(ASC|DESC)\s*$/i, '');
      expressions.push(expression.trim());
      start = at + 1;
      if (depth === 0)
        return { expressions, where: /^\s*WHERE\b\s*(.+)$/is.exec(sql.slice(start))?.[1]?.trim() };
    }
  }
  return { expressions: [], where: undefined };
}

/** A comment to the end of a line would swallow what a trigger puts behind the text. */
const withoutComments = (sql: string): string =>
  sql.replace(/'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[^]*?(?:\*\/|$)/g, (token) =>
    token.startsWith('--') || token.startsWith('/*') ? ' ' : token,
  );
