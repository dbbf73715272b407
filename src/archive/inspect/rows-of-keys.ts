import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { OwnKind } from '../../mapping/kinds';
import { tellerOf } from '../../mapping/own-key';
import { keyValues } from '../record/own/own-row';
import { hasKeyOf } from '../record/target';
import { isUnfit } from '../record/unfit';
import type { TableFacts } from '../schema/facts';
import { qualified } from '../schema/problems';

/** How many rows of a table have these keys. @param ids latin1 @returns undefined: nothing finds them quickly, or a key is not all that tells a row */
export async function rowsOfKeys(
  postgres: PostgresConnection,
  { own, ...kind }: OwnKind,
  table: TableFacts,
  ids: readonly string[],
): Promise<number | undefined> {
  const names = own.parts.map(({ column }) => column);
  const isKey = ({ unique, columns }: TableFacts['indexes'][number]) =>
    unique && columns.length === names.length && names.every((name) => columns.includes(name));
  if (tellerOf(own) !== undefined || !table.indexes.some(isKey)) return undefined;
  const keys = ids.flatMap((id) => valuesOr({ ...kind, own }, id));
  const lists = own.parts.map(({ type }, at) => `$${at + 1}::${type === 'int' ? 'bigint' : 'text'}[]`);
  const columns = own.parts.map((_part, at) => `c${at}`);
  const sql = `SELECT count(*) AS count FROM unnest(${lists.join(', ')}) AS w (${columns.join(', ')}) JOIN ${qualified(table)} t ON ${hasKeyOf(names)}`;
  const [row] = await postgres.query(
    sql,
    own.parts.map((_part, at) => keys.map((key) => key[at] ?? null)),
  );
  return Number(row?.['count'] ?? 0);
}

/** None: it can be no row. */
function valuesOr(kind: OwnKind, id: string): readonly (readonly string[])[] {
  try {
    return [keyValues(kind, Buffer.from(id, 'latin1'))];
  } catch (error) {
    if (isUnfit(error)) return [];
    throw error;
  }
}
