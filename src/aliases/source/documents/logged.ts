import type { Column, Table } from '../table';

/** Of which table a row of the changelog tells, and which of its columns it names, in its order. */
export interface Logged {
  readonly table: string;
  readonly columns: readonly string[];
}

/** Cannot begin the type of an alias table (changelog.ts asks for it, too); what follows is JSON. */
export const loggedPrefix = 't:';

/** The `type` of the changelog's rows for a table: it says itself what the rows hold, whichever trigger wrote them. */
export const loggedType = (table: Table, columns: readonly Column[]): string =>
  loggedPrefix + JSON.stringify([table.name, ...columns.map(({ name }) => name)]);

/** @returns undefined for an alias type */
export function parseLoggedType(type: string): Logged | undefined {
  if (!type.startsWith(loggedPrefix)) return undefined;
  try {
    const [table, ...columns] = JSON.parse(type.slice(loggedPrefix.length)) as [string, ...string[]];
    return { table, columns };
  } catch {
    return undefined; // nobody's of ours
  }
}

/** A value as the changelog has it: a number as its text, a blob as a Buffer; null: no value; undefined: one that is too long. */
export type LoggedValue = string | Buffer | null | undefined;

/** The columns that a row of the changelog names. */
export function parseLoggedRow(row: string): readonly LoggedValue[] {
  const values: LoggedValue[] = [];
  for (const [, hex, quoted, bare] of row.matchAll(/(?:^|,)(?:x'([0-9A-F]*)'|'((?:[^']|'')*)'|([^',]*))/g)) {
    if (hex !== undefined) values.push(Buffer.from(hex, 'hex'));
    else if (quoted !== undefined) values.push(quoted.replaceAll("''", "'"));
    else values.push(bare === 'BLOB' ? undefined : bare === 'NULL' ? null : (bare ?? null));
  }
  return values;
}
