import type { Database } from 'better-sqlite3';
import type { AliasTable } from './catalogue';
import type { AliasCase } from '../../mapping/alias-tables';
import { directRelation, type Key, longestAlias, longestId } from './truth-statements';

/** A row that can have no key in Redis, and why. `alias` and `id` are cut; null: not text, or too large to show. */
export interface UnservedRow {
  readonly type: string;
  readonly table: string;
  readonly alias: string | null;
  readonly id: string | null;
  readonly reason: string;
}

/** How much of an alias or id is shown: a larger value is not read, and of a smaller one this many characters. */
const shownBytes = 4_096;
const shownChars = 80;

interface Raw {
  readonly aliasType: string;
  readonly aliasBytes: number | null;
  readonly alias: string | null;
  readonly idType: string;
  readonly idBytes: number | null;
  readonly id: string | null;
}

/** The bounds of a page, in the terms of its truth's walk: after `from`, as far as `to`. The first page (no `from`) includes the rows that no page reaches. */
export interface UnservedRange {
  readonly from: unknown;
  readonly to: unknown;
  readonly limit: number;
}

/** The rows that a page has left out, but for aliases that are not valid UTF-8: the walk itself has seen those. */
export function unservedRows(
  db: Database,
  table: AliasTable,
  aliasCase: AliasCase,
  { from, to, limit }: UnservedRange,
): readonly UnservedRow[] {
  const { from: source, key, id, rawId, rawAlias } = directRelation(table, aliasCase);
  const shown = (value: string) =>
    `CASE WHEN octet_length(${value}) <= ${shownBytes} AND typeof(${value}) <> 'blob' THEN substr(CAST(${value} AS TEXT), 1, ${shownChars}) END`;
  const select = `SELECT typeof(${rawAlias}) AS aliasType, octet_length(${rawAlias}) AS aliasBytes, ${shown(rawAlias)} AS alias,
    typeof(${rawId}) AS idType, octet_length(${rawId}) AS idBytes, ${shown(rawId)} AS id FROM ${source} AS t WHERE`;
  const inPage = db.prepare<[Key, Key | null, number], Raw>(
    `${select} ${key} ${from === undefined ? '>=' : '>'} +CAST(? AS TEXT) AND ${key} < x'' AND ${key} <= ifnull(CAST(? AS TEXT), x'')
       AND (${id} IS NULL OR octet_length(${key}) > ${longestAlias}) LIMIT ?`,
  );
  const beside = db.prepare<[number], Raw>(`${select} (${key} IS NULL OR ${key} >= x'') LIMIT ?`);
  const found = from === undefined ? beside.all(limit) : [];
  found.push(...inPage.all((from ?? '') as Key, (to ?? null) as Key | null, limit));
  return found.slice(0, limit).map(({ alias, id: shownId, ...facts }) => {
    return { type: table.mapping.type, table: table.table, alias, id: shownId, reason: reasonOf(facts) };
  });
}

/** Why the row can have no key, in words. */
function reasonOf({ aliasType, aliasBytes, idType, idBytes }: Omit<Raw, 'alias' | 'id'>): string {
  if (aliasType === 'null') return 'the alias is NULL';
  if (aliasType === 'blob') return 'the alias is a blob, no text';
  if ((aliasBytes ?? 0) > longestAlias)
    return `the alias is too long: ${aliasBytes ?? 0} bytes of ${longestAlias}`;
  if (idType === 'null') return 'the id is NULL';
  if (idType === 'blob') return 'the id is a blob, no text';
  if ((idBytes ?? 0) > longestId) return `the id is too long: ${idBytes ?? 0} bytes of ${longestId}`;
  return 'the alias or the id cannot be read as text';
}
