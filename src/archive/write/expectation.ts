import { markColumn } from '../../mapping/own-key';
import { parameter } from '../record/decode';
import type { Target } from '../record/target';
import type { Strictness } from './equality';
import {
  columnsOf,
  contentColumns,
  contentsOf,
  type Counterpart,
  identityColumns,
  identityValues,
  naturalValues,
  ownColumns,
  ownValues,
  type Resolved,
} from '../identity/resolved';

/** What the rows of a table should be: see find-unlike.ts. */
export interface Expectation {
  /** Columns that tell which row is meant. Their values are ids, times and digests, which an array need not quote. */
  readonly identity: readonly string[];
  readonly columns: readonly string[];
  /** For each row the values of the identity, then of the columns. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly strictness: Strictness;
}

const plain = ({ row }: Resolved) => row.values.map(parameter);

/** Expects all columns of rows of the user's own. */
export const ownWhole = ({ kind }: Target, rows: readonly Resolved[]): Expectation => ({
  identity: identityColumns(kind),
  columns: ownColumns(kind),
  rows: rows.map((one) => ownValues(one).map(parameter)),
  strictness: 'stored',
});

/** Expects, of records of the user's own that never change, that their rows are there, and not marked as deleted. */
export const ownPresent = ({ kind }: Target, rows: readonly Resolved[]): Expectation => {
  const marks = kind.own?.onDelete === 'mark';
  return {
    identity: identityColumns(kind),
    columns: marks ? [markColumn] : [],
    rows: rows.map((one) => [...identityValues(one), ...(marks ? [null] : [])]),
    strictness: 'stored',
  };
};

/** Expects, under on_conflict: merge, that rows which are not their records' have nothing empty that the record could fill. */
export const ownFilled = ({ kind }: Target, rows: readonly Resolved[]): Expectation => ({
  identity: identityColumns(kind),
  columns: contentColumns(kind),
  rows: rows.map((one) => [...identityValues(one), ...contentsOf(one.row).map(parameter)]),
  strictness: 'fills',
});

/** Expects only that rows are there: enough for records that never change. */
export const present = ({ kind }: Target, rows: Expectation['rows']): Expectation => ({
  identity: identityColumns(kind),
  columns: [],
  rows,
  strictness: 'stored',
});

/** Expects all columns of rows that carry their identity themselves. */
export function wholeRows(
  { kind }: Target,
  rows: readonly Resolved[],
  strictness: Strictness = 'stored',
): Expectation {
  const identity = identityColumns(kind);
  const parents = kind.parents.filter(({ column }) => !identity.includes(column));
  return {
    identity,
    columns: [...parents, ...kind.columns].map(({ column }) => column),
    rows: rows.map((one) => [
      ...identityValues(one),
      ...(parents.length > 0 ? one.parents : []),
      ...plain(one),
    ]),
    strictness,
  };
}

/** Expects all columns of owned rows, which follow their records. @param merges values that other records filled in are no difference */
export const ownRows = (target: Target, rows: readonly Counterpart[], merges: boolean): Expectation => ({
  identity: ['id'],
  columns: columnsOf(target),
  rows: rows.map(({ pgId, resolved }) => [pgId, ...resolved.parents, ...plain(resolved)]),
  strictness: merges ? 'shared' : 'stored',
});

/**
 * Expects the natural keys of the rows that guests lead to: if such a row, or the record, is gone or has another name by now, the
 * record has to be looked at again.
 */
export const guestRows = ({ kind }: Target, rows: readonly Counterpart[]): Expectation => ({
  identity: ['id'],
  columns: kind.natural ?? [],
  rows: rows.map(({ pgId, resolved }) => [pgId, ...naturalValues(resolved)]),
  strictness: 'stored',
});

/** Expects, under ON_CONFLICT=merge, that the rows of guests have nothing empty that the record could fill. */
export const filledRows = ({ kind }: Target, rows: readonly Counterpart[]): Expectation => ({
  identity: ['id'],
  columns: kind.columns.map(({ column }) => column),
  rows: rows.map(({ pgId, resolved }) => [pgId, ...plain(resolved)]),
  strictness: 'fills',
});
