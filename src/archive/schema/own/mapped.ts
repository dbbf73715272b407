import type { ClientBase } from 'pg';
import { type Catalogue, type OwnKind, ownKindsOf } from '../../../mapping/kinds';
import { asksWhoseRows } from '../../../mapping/own-rules';
import { type Problem, qualified, schemaProblem } from '../problems';
import { queryJson } from '../query-json';

/** What is asked here of a table's facts. */
interface Table {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly privileges: readonly string[];
}

/** A mapping of the user's own that is, or was, in force. */
export interface MappedBefore {
  readonly kind: string;
  /** Its table, qualified and quoted. */
  readonly table: string;
  readonly prefix: string;
  /** Whether rows of the table may not be overwritten before the file says so: they were there first, or on_conflict left them as they were. */
  readonly others: boolean;
}

/** Those of millrace.mapped, if that is there and may be read. */
export async function readMapped(
  client: ClientBase,
  own: ReadonlyMap<string, Table>,
): Promise<readonly MappedBefore[]> {
  if (own.get('mapped')?.privileges.includes('SELECT') !== true) return [];
  return queryJson<MappedBefore>(
    client,
    // The column is younger than the table.
    `SELECT kind, table_name AS "table", prefix, coalesce((to_jsonb(m) ->> 'others')::boolean, false) AS others
     FROM millrace.mapped m ORDER BY kind`,
  );
}

/**
 * Tables of the user's own that have rows which no mapping is known to have made, or may have, where the mapping does not say what
 * becomes of those with the keys of its records.
 */
export async function strangeTables(
  client: ClientBase,
  catalogue: Catalogue,
  tables: ReadonlyMap<string, Table>,
  mapped: readonly MappedBefore[],
): Promise<ReadonlySet<string>> {
  const strange = new Set<string>();
  for (const kind of ownKindsOf(catalogue)) {
    const table = tables.get(kind.table);
    if (!asksWhoseRows(kind) || table === undefined || allOurs(kind, qualified(table), mapped)) continue;
    if (!/^[rp]$/.test(table.kind) || !table.privileges.includes('SELECT')) continue;
    const [row] = await queryJson<{ there: boolean }>(client, `SELECT ${hasRows(qualified(table))} AS there`);
    if (row?.there === true) strange.add(kind.table);
  }
  return strange;
}

/** Whether all rows of a table follow records, or may: by what is noted of this mapping, or else of one that had another name. */
function allOurs({ name }: OwnKind, table: string, mapped: readonly MappedBefore[]): boolean {
  const ofTable = mapped.filter((one) => one.table === table);
  const own = ofTable.filter(({ kind }) => kind === name);
  const noted = own.length > 0 ? own : ofTable;
  return noted.length > 0 && !noted.some(({ others }) => others);
}

/** SQL @param table qualified and quoted */
export const hasRows = (table: string): string => `EXISTS (SELECT FROM ${table})`;

/** That the mapping says nothing of the rows that are there: what they hold would be lost. */
export const adoptionProblem = ({ name }: OwnKind, table: Table): Problem =>
  schemaProblem(
    `${table.schema}.${table.name} has rows already, and mapping ${name} does not say what becomes of those with the keys of its records`,
    `Say it in the file of mappings, at ${name}: on_conflict: overwrite (they take the contents of their records), skip (they stay as they are) or merge (they get what they have no value for).`,
  );
