import type { ClientBase } from 'pg';
import { type Catalogue, type OwnKind, ownKindsOf } from '../../mapping/kinds';
import { asksWhoseRows } from '../../mapping/own-rules';
import { type Problem, qualified, schemaProblem } from './problems';
import { queryJson } from './query-json';

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
}

/** Those of millrace.mapped, if that is there and may be read. */
export async function readMapped(
  client: ClientBase,
  own: ReadonlyMap<string, Table>,
): Promise<readonly MappedBefore[]> {
  if (own.get('mapped')?.privileges.includes('SELECT') !== true) return [];
  return queryJson<MappedBefore>(
    client,
    'SELECT kind, table_name AS "table", prefix FROM millrace.mapped ORDER BY kind',
  );
}

/**
 * Tables of the user's own that have rows, none of which any mapping is known to have made, where the mapping does not say what
 * becomes of those with the keys of its records.
 */
export async function strangeTables(
  client: ClientBase,
  catalogue: Catalogue,
  tables: ReadonlyMap<string, Table>,
  mapped: readonly MappedBefore[],
): Promise<ReadonlySet<string>> {
  const known = new Set(mapped.map(({ table }) => table));
  const strange = new Set<string>();
  for (const kind of ownKindsOf(catalogue)) {
    const table = tables.get(kind.table);
    if (!asksWhoseRows(kind) || table === undefined || known.has(qualified(table))) continue;
    if (!/^[rp]$/.test(table.kind) || !table.privileges.includes('SELECT')) continue;
    const [row] = await queryJson<{ there: boolean }>(
      client,
      `SELECT EXISTS (SELECT FROM ${qualified(table)}) AS there`,
    );
    if (row?.there === true) strange.add(kind.table);
  }
  return strange;
}

/** That the mapping says nothing of the rows that are there: what they hold would be lost. */
export const adoptionProblem = ({ name }: OwnKind, table: Table): Problem =>
  schemaProblem(
    `${table.schema}.${table.name} has rows already, and mapping ${name} does not say what becomes of those with the keys of its records`,
    `Say it in the file of mappings, at ${name}: on_conflict: overwrite (they take the contents of their records), skip (they stay as they are) or merge (they get what they have no value for).`,
  );
