import type { Database } from 'better-sqlite3';
import { quoteName } from './identifiers';

/**
 * One thing by which two rows of a table may conflict: SQL that holds, inside a trigger, for the rows that NEW would
 * replace. `columns` are the plain columns compared (BINARY collation only), for deciding whether the look-up is needed.
 */
export interface UniqueKey {
  readonly conflict: string;
  readonly binaryColumns: readonly string[];
}

interface IndexColumn {
  readonly name: string | null;
  readonly cid: number;
  readonly coll: string;
}

/**
 * The unique keys of a table from PRAGMA index_list. A partial index is taken without its WHERE: naming a row too many
 * is harmless, one too few is a lost change. (A key none of whose parts could be read is left to the full pass.)
 */
export function uniqueKeys(db: Database, table: string, columns: readonly string[]): readonly UniqueKey[] {
  const indexes = db
    .prepare<[string], { name: string; sql: string | null }>(
      `SELECT list.name, master.sql FROM pragma_index_list(?) AS list
       LEFT JOIN sqlite_master AS master ON master.type = 'index' AND master.name = list.name
       WHERE list."unique" = 1`,
    )
    .all(table);
  const readColumns = db.prepare<[string], IndexColumn>(
    'SELECT name, cid, coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno',
  );
  return indexes.flatMap(({ name, sql }) => {
    const expressions = sql === null ? [] : indexedExpressions(sql);
    const parts = readColumns.all(name);
    const terms = parts.flatMap((column, position) =>
      column.name === null
        ? expressionTerm(expressions[position], columns)
        : [`${quoteName(column.name)} = NEW.${quoteName(column.name)} COLLATE ${quoteName(column.coll)}`],
    );
    const binaryColumns = parts.flatMap((part) =>
      part.name !== null && part.coll === 'BINARY' ? [part.name] : [],
    );
    return terms.length === 0 ? [] : [{ conflict: terms.join(' AND '), binaryColumns }];
  });
}

/**
 * Compares an indexed expression with its value for NEW: a sub-select gives NEW's values the columns' own names, so
 * that the expression's text can stand as it is.
 */
function expressionTerm(expression: string | undefined, columns: readonly string[]): readonly string[] {
  if (expression === undefined) return [];
  const row = columns.map((name) => `NEW.${quoteName(name)} AS ${quoteName(name)}`).join(', ');
  return [`(${expression}) = (SELECT ${expression} FROM (SELECT ${row}))`];
}

/** The comma-separated parts between the outer parentheses of a CREATE INDEX statement, without ASC or DESC. */
export function indexedExpressions(sql: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < sql.length; at++) {
    const character = sql.charAt(at);
    const closing = { "'": "'", '"': '"', '`': '`', '[': ']' }[character];
    if (closing !== undefined) {
      at = sql.indexOf(closing, at + 1);
      if (at === -1) return [];
    } else if (character === '-' && sql.startsWith('--', at)) {
      at = sql.indexOf('\n', at);
      if (at === -1) return [];
    } else if (character === '/' && sql.startsWith('/*', at)) {
      at = sql.indexOf('*/', at) + 1;
      if (at === 0) return [];
    } else if (character === '(') {
      if (++depth === 1) start = at + 1;
    } else if ((character === ',' && depth === 1) || (character === ')' && --depth === 0)) {
      parts.push(
        sql
          .slice(start, at)
          .replace(/\s+(ASC|DESC)\s*$/i, '')
          .trim(),
      );
      start = at + 1;
      if (depth === 0) return parts;
    }
  }
  return [];
}
