import type { Kind } from '../../mapping/kinds';
import type { Identity } from '../record/identity';
import type { Row } from '../record/row';
import type { Target } from '../record/target';
import { parameter } from '../record/decode';

/** A row whose parents are known. */
export interface Resolved {
  readonly row: Row;
  /** The parents' ids in Postgres, in the order of the kind's parents. */
  readonly parents: readonly (string | null)[];
}

/** A record, and the row of Postgres that it is written to. */
export interface Counterpart {
  readonly resolved: Resolved;
  readonly pgId: string;
}

export const columnsOf = ({ kind }: Target): string[] => [
  ...kind.parents.map(({ column }) => column),
  ...kind.columns.map(({ column }) => column),
];

export function identityOf({ id, created, kind }: Row): Identity {
  if (created === undefined) throw new Error(`a ${kind.name} without a creation time`);
  return { id, created };
}

/** The columns that tell the row of a record from others. */
export function identityColumns({ identity, parents, created }: Kind): string[] {
  switch (identity) {
    case 'mapped':
      return ['id'];
    case 'dated':
      return ['redis_id', created ?? ''];
    case 'keyed':
      return [...parents.map(({ column }) => column), 'redis_key'];
  }
}

/** The values of these columns, for a record that is not of a mapped kind. */
export const identityValues = ({ row, parents }: Resolved): readonly (string | null)[] =>
  row.redisKey === undefined ? [row.id, `${row.created ?? ''}+00`] : [...parents, row.redisKey];

/** The value of each natural column, parents first, as they are in Postgres. */
export function naturalValues({ row, parents }: Resolved): (string | null)[] {
  const { kind } = row;
  return (kind.natural ?? []).map((column) => {
    const parent = kind.parents.findIndex((one) => one.column === column);
    if (parent >= 0) return parents[parent] ?? null;
    return parameter(row.values[kind.columns.findIndex((one) => one.column === column)]);
  });
}
