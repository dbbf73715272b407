import { harmless } from '../foundation/harmless';
import type { FoundColumn, FoundTable } from './tables';

/** Why a column can be no part of a document; undefined: it can. */
export function unfitColumn({ name, type, computed }: FoundColumn): string | undefined {
  if (name.trim() === '') return 'has no name';
  if (/\p{Cc}/u.test(name)) return 'has a control character in its name';
  if (computed) return 'is a VIRTUAL generated column: make it STORED';
  return /BLOB/i.test(type) ? 'is a BLOB, no text' : undefined;
}

/** The columns of the table by which its rows are told from each other in keys. Or a sentence: why there are none. */
export function chooseKey({ columns, primaryKey, uniqueKeys }: FoundTable): readonly string[] | string {
  const columnNamed = (name: string) => columns.find((column) => column.name === name);
  const isSure = (key: readonly string[]) => key.every((name) => columnNamed(name)?.notNull === true);
  // A row in which a part of the key is NULL has no key in Redis.
  const unique = uniqueKeys.toSorted((a, b) => Number(isSure(b)) - Number(isSure(a)));
  const keys = primaryKey === undefined ? unique : [primaryKey, ...unique];
  const faults = keys.map((key) => key.map((name) => unfitKeyColumn(columnNamed(name))).find(Boolean));
  return (
    keys.find((_key, at) => faults[at] === undefined) ??
    faults[0] ??
    'it has no primary key and no unique one'
  );
}

function unfitKeyColumn(column: FoundColumn | undefined): string | undefined {
  if (column === undefined) return 'its key is unknown';
  const { name } = column;
  const reason = /[{}]|^\s|\s$/.test(name)
    ? 'has a name that a key template cannot have'
    : unfitColumn(column);
  return reason === undefined ? undefined : `its key column ${harmless(name)} ${reason}`;
}
