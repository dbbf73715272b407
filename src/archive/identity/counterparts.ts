import type { Counterpart } from './resolved';
import type { IdMapTransaction } from './id-map';
import { parentIds } from './parent-ids';
import type { Row } from '../record/row';
import type { Target, Targets } from '../record/target';
import type { Resolved } from './resolved';

/** Rows of one kind with the Postgres ids of their parents; `orphans` are those of which a parent is not mapped. */
export async function withParents(
  ids: IdMapTransaction,
  targets: Targets,
  rows: readonly Row[],
): Promise<{ readonly resolved: readonly Resolved[]; readonly orphans: readonly Row[] }> {
  const parents = await parentIds(ids, targets, rows);
  const resolved: Resolved[] = [];
  const orphans: Row[] = [];
  for (const [index, row] of rows.entries()) {
    const found = parents[index];
    if (found === undefined) orphans.push(row);
    else resolved.push({ row, parents: found });
  }
  return { resolved, orphans };
}

export interface Counterparts {
  readonly owned: readonly Counterpart[];
  /** The row is of another record, or program, and keeps what Postgres has. */
  readonly guests: readonly Counterpart[];
  /** Mapped to no row. */
  readonly unmapped: readonly Row[];
}

/** The rows that records of a mapped kind stand for. */
export async function counterparts(
  ids: IdMapTransaction,
  { kind, table }: Target,
  resolved: readonly Resolved[],
): Promise<Counterparts> {
  const identities = resolved.map(({ row }) => ({ id: row.id, created: row.created ?? '' }));
  const mappings = await ids.find(kind, table, identities);
  const owned: Counterpart[] = [];
  const guests: Counterpart[] = [];
  const unmapped: Row[] = [];
  for (const [index, one] of resolved.entries()) {
    const mapping = mappings[index];
    if (mapping === undefined) unmapped.push(one.row);
    else (mapping.owned ? owned : guests).push({ ...one, pgId: mapping.pgId });
  }
  return { owned, guests, unmapped };
}
