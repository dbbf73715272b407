import type { Kind } from '../../mapping/kinds';
import { identityOfOwn, markColumn } from '../../mapping/own-key';
import type { Identity } from '../record/identity';
import type { Row } from '../record/row';
import type { Target } from '../record/target';
import { parameter, type Value } from '../record/decode';

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
  ...(kind.own === undefined ? kind.parents : identityOfOwn(kind.own)).map(({ column }) => column),
  ...contentColumns(kind),
];

/** The columns that records fill, but for the one that a row is found by: the creation time may tell it from others. */
export const contentColumns = ({ columns, own }: Kind): string[] =>
  columns.map(({ column }) => column).filter((column) => column !== own?.born);

/** The values of these. */
export function contentsOf({ kind, values }: Row): readonly Value[] {
  const born = kind.own?.born;
  return born === undefined ? values : values.filter((_value, at) => kind.columns[at]?.column !== born);
}

/** What a record sends for these columns. */
export const valuesOf = ({ row, parents }: Resolved): readonly Value[] => [
  ...(row.own?.key.map((text) => Buffer.from(text)) ?? parents), // not ASCII, as a string has to be
  ...contentsOf(row),
];

/** The columns of a row of the user's own that it is not found by. That a record is there takes the mark of its deletion away. */
export const ownColumns = (kind: Kind): string[] => [
  ...contentColumns(kind),
  ...(kind.own?.onDelete === 'mark' ? [markColumn] : []),
];

/** What a record of the user's own sends for its key and these columns. */
export const ownValues = (resolved: Resolved): readonly Value[] => [
  ...valuesOf(resolved),
  ...(resolved.row.kind.own?.onDelete === 'mark' ? [null] : []),
];

export function identityOf({ id, created, kind }: Row): Identity {
  if (created === undefined) throw new Error(`a ${kind.name} without a creation time`);
  return { id, created };
}

/** The columns that tell the row of a record from others. */
export function identityColumns({ identity, parents, created, own }: Kind): string[] {
  switch (identity) {
    case 'mapped':
      return ['id'];
    case 'dated':
      return ['redis_id', created ?? ''];
    case 'keyed':
      return [...parents.map(({ column }) => column), 'redis_key'];
    case 'own':
      return own === undefined ? [] : identityOfOwn(own).map(({ column }) => column);
  }
}

/** The values of these columns, for a record that is not of a mapped kind. */
export const identityValues = ({ row, parents }: Resolved): readonly (string | null)[] =>
  row.own?.key ??
  (row.redisKey === undefined ? [row.id, `${row.created ?? ''}+00`] : [...parents, row.redisKey]);

/** The value of each natural column, parents first, as they are in Postgres. */
export function naturalValues({ row, parents }: Resolved): (string | null)[] {
  const { kind } = row;
  return (kind.natural ?? []).map((column) => {
    const parent = kind.parents.findIndex((one) => one.column === column);
    if (parent >= 0) return parents[parent] ?? null;
    return parameter(row.values[kind.columns.findIndex((one) => one.column === column)]);
  });
}
