import type { Database } from 'better-sqlite3';
import type { AliasTable } from './catalogue';
import type { AliasCase } from '../../mapping/alias-tables';
import type { AliasTruth, WalkPage } from './truth';
import { directRelation, type Key, longestAlias, longestId } from './truth-statements';

/** A row that can have no key in Redis, and why. What it holds is cut, and may be no text at all. */
export interface UnservedRow {
  readonly type: string;
  readonly table: string;
  readonly alias: string | null;
  readonly id: string | null;
  readonly reason: string;
}

/** Of a value: what is larger is not read. */
const shownBytes = 4_096;
const shownChars = 80;
/** A pass keeps so many of a type: a million of them are one mistake, and counted. */
const keptOfType = 20;

interface Raw {
  readonly aliasType: string;
  readonly aliasBytes: number | null;
  readonly alias: string | null;
  readonly idType: string;
  readonly idBytes: number | null;
  readonly id: string | null;
}

/** Rows whose key lies behind `from`, as far as `to`, that can have none; on the first page those that no page reaches as well. */
export interface UnservedRange {
  readonly from: Key | undefined;
  readonly to: Key | undefined;
  readonly limit: number;
}

/** Asked where a page has left rows out, in the bounds of that page; what is no valid UTF-8 the walk itself has seen. */
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
  found.push(...inPage.all(from ?? '', to ?? null, limit));
  return found.slice(0, limit).map(({ alias, id: shownId, ...facts }) => {
    return { type: table.mapping.type, table: table.table, alias, id: shownId, reason: reasonOf(facts) };
  });
}

/** What to mend, in words. */
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

/** A page of a walk through a table. */
interface Walked {
  readonly type: string;
  readonly truth: AliasTruth;
  /** Where it began; undefined: at the beginning. */
  readonly from: Key | undefined;
  readonly page: WalkPage;
  /** Rows that no page reaches, told with the first. */
  readonly unkeyed: number;
}

/** What full passes see of such rows: a few of each type, as of the last pass that was complete. */
export class UnservedRows {
  #walked = new Map<string, readonly UnservedRow[]>();
  /** Of tables without an index, those that have been looked through. */
  readonly #searched = new Set<string>();
  /** As of the last pass. */
  list: readonly UnservedRow[] = [];
  readonly #most: number;

  constructor(most = keptOfType) {
    this.#most = most;
  }

  begin(): void {
    this.#walked = new Map();
  }

  /** Costs nothing unless rows were left out. */
  note({ type, truth, from, page, unkeyed }: Walked): void {
    if (from === undefined) {
      this.#walked.delete(type);
      this.#searched.delete(type);
    }
    const before = this.#walked.get(type) ?? [];
    const limit = this.#most - before.length;
    if (page.skipped + unkeyed === 0 || limit === 0) return;
    // Without an index each look reads the whole table: there is one, for all of it.
    const range = truth.live ? { from, to: page.next, limit } : { from: undefined, to: undefined, limit };
    const found = this.#searched.has(type) ? [] : truth.unserved(range);
    if (!truth.live) this.#searched.add(type);
    this.#walked.set(type, [...before, ...found, ...truth.undecodable(page)].slice(0, this.#most));
  }

  done(): void {
    this.list = [...this.#walked.values()].flat();
  }
}

/** All of them, of a table, for a process of its own: it reads the whole table. */
export function findUnserved(type: string, truth: AliasTruth, most: number): readonly UnservedRow[] {
  const rows = new UnservedRows(most);
  let from: Key | undefined;
  do {
    const page = truth.walk(from, 1_000);
    const unkeyed = from === undefined ? truth.countUnkeyed() : 0;
    rows.note({ type, truth, from, page, unkeyed });
    from = page.next;
  } while (from !== undefined);
  rows.done();
  return rows.list;
}
