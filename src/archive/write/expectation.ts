import { parameter } from '../record/decode';
import type { Target } from '../record/target';
import type { Strictness } from './equality';
import {
  columnsOf,
  type Counterpart,
  identityColumns,
  identityValues,
  naturalValues,
  type Resolved,
} from '../identity/resolved';

/** What the rows of a table should be: see find-unlike.ts. */
export interface Expectation {
  /** Columns that tell which row is meant. Their values are ids, times and digests: nothing that an array would have to quote. */
  readonly identity: readonly string[];
  readonly columns: readonly string[];
  /** Values of the identity, then of the columns. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly strictness: Strictness;
}

const plain = ({ row }: Resolved) => row.values.map(parameter);

/** That rows are there: of what never changes identity says everything. */
export const present = ({ kind }: Target, rows: Expectation['rows']): Expectation => ({
  identity: identityColumns(kind),
  columns: [],
  rows,
  strictness: 'stored',
});

/** Rows that carry their identity, in all columns. */
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

/** Rows that follow their records, in all columns. @param merges what others filled is no difference */
export const ownRows = (target: Target, rows: readonly Counterpart[], merges: boolean): Expectation => ({
  identity: ['id'],
  columns: columnsOf(target),
  rows: rows.map(({ pgId, resolved }) => [pgId, ...resolved.parents, ...plain(resolved)]),
  strictness: merges ? 'shared' : 'stored',
});

/**
 * Rows that records lead to for their natural key, without having a say in them: they would lead elsewhere by now when such a row
 * is gone or renamed, or the record is.
 */
export const guestRows = ({ kind }: Target, rows: readonly Counterpart[]): Expectation => ({
  identity: ['id'],
  columns: kind.natural ?? [],
  rows: rows.map(({ pgId, resolved }) => [pgId, ...naturalValues(resolved)]),
  strictness: 'stored',
});

/** Under ON_CONFLICT=merge: what such a record could fill in the row. */
export const filledRows = ({ kind }: Target, rows: readonly Counterpart[]): Expectation => ({
  identity: ['id'],
  columns: kind.columns.map(({ column }) => column),
  rows: rows.map(({ pgId, resolved }) => [pgId, ...plain(resolved)]),
  strictness: 'fills',
});
