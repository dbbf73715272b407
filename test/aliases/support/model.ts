import { isUtf8 } from 'node:buffer';
import type { Database } from 'better-sqlite3';
import type { AliasCase } from '../../../src/mapping/alias-tables';

/** What an alias table means: written for the tests from LAYOUTS.md, without a line of src/. */
export interface Model {
  /** Alias (as it stands in the key) -> value of the key. */
  readonly values: ReadonlyMap<string, string>;
  /** Rows that can have no key. */
  readonly skipped: number;
}

export interface ModelOptions {
  readonly table: string;
  readonly idColumn: string;
  readonly aliasCase: AliasCase;
}

interface Row {
  readonly idType: string;
  readonly id: string | null;
  readonly aliasType: string;
  readonly alias: Buffer | null;
}

/** SQLite's LOWER folds the 26 ASCII letters and nothing else. */
export const foldKey = (alias: string, aliasCase: AliasCase): string =>
  aliasCase === 'lower'
    ? alias.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32))
    : alias;

/** Integers by value first, then texts by code unit; each once. */
export function renderModelIds(ids: Iterable<string>): string {
  const distinct = [...new Set(ids)];
  const integers = distinct.filter((id) => /^(0|-?[1-9][0-9]*)$/.test(id)).map(BigInt);
  integers.sort((a, b) => (a < b ? -1 : 1));
  const texts = distinct.filter((id) => !/^(0|-?[1-9][0-9]*)$/.test(id)).sort();
  return JSON.stringify([...integers.map(String), ...texts]);
}

export function readModel(db: Database, { table, idColumn, aliasCase }: ModelOptions): Model {
  const rows = db
    .prepare<[], Row>(
      `SELECT typeof(${idColumn}) AS idType, CAST(${idColumn} AS TEXT) AS id,
         typeof(alias) AS aliasType, CAST(CAST(alias AS TEXT) AS BLOB) AS alias FROM ${table}`,
    )
    .all();
  const groups = new Map<string, string[]>();
  let skipped = 0;
  for (const { idType, id, aliasType, alias } of rows) {
    const usable =
      aliasType !== 'blob' && alias !== null && isUtf8(alias) && idType !== 'blob' && id !== null;
    if (!usable) {
      skipped++;
      continue;
    }
    const key = foldKey(alias.toString('utf8'), aliasCase);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [id]);
    else group.push(id);
  }
  return { values: new Map([...groups].map(([key, ids]) => [key, renderModelIds(ids)])), skipped };
}

/** The aliases whose value differs between two moments. */
export function changedAliases(before: Model, after: Model): readonly string[] {
  const keys = new Set([...before.values.keys(), ...after.values.keys()]);
  return [...keys].filter((key) => before.values.get(key) !== after.values.get(key));
}
