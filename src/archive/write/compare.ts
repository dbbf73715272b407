import type { Transaction } from '../../connections/postgres';
import type { Row } from '../record/row';
import { quoteName, type Target } from '../record/target';
import { isShared } from './upsert';
import { parameter } from '../record/decode';
import { columnsOf, naturalValues, type Resolved, type Counterpart } from '../identity/resolved';

const arrays = (columns: readonly (readonly (string | null)[])[], types: readonly string[]) => ({
  values: columns,
  list: types.map((type, index) => `$${index + 1}::${type}[]`).join(', '),
});

/**
 * Which rows differ from their counterparts, or have none. Postgres compares, in its own types: 0.5 is 0.50, and a time is the same
 * in every zone. @param merges what others filled (ON_CONFLICT=merge) is no difference
 * @returns their indexes. @throws a data error when a value fits no column: then all of them are for the applier
 */
export function findDifferent(
  transaction: Transaction,
  target: Target,
  rows: readonly Counterpart[],
  merges: boolean,
): Promise<readonly number[]> {
  return compare(transaction, target, ownRows(target, rows, merges));
}

/** Rows that follow their records, in all columns. */
export const ownRows = (target: Target, rows: readonly Counterpart[], merges: boolean): Comparison => ({
  identity: ['id'],
  columns: columnsOf(target),
  rows: rows.map(({ pgId, resolved: { row, parents } }) => [pgId, ...parents, ...plain(row)]),
  ...(merges ? { keepFilled: isShared(target) } : {}),
});

/**
 * Which records that are mapped to the row of another one, for its natural key, would be mapped otherwise by now: that row is gone
 * or renamed, or the record is. @param merges those that could fill something in it (ON_CONFLICT=merge) as well
 */
export async function findEstranged(
  transaction: Transaction,
  target: Target,
  rows: readonly Counterpart[],
  merges: boolean,
): Promise<readonly number[]> {
  const different: number[] = [];
  for (const comparison of guestRows(target, rows, merges))
    different.push(...(await compare(transaction, target, comparison)));
  return [...new Set(different)];
}

/** Rows of others that records are mapped to: in the natural key and, under `merge`, in what a record could fill. */
export const guestRows = (
  target: Target,
  rows: readonly Counterpart[],
  merges: boolean,
): readonly Comparison[] => {
  const parted: Comparison = {
    identity: ['id'],
    columns: target.kind.natural ?? [],
    rows: rows.map(({ pgId, resolved }) => [pgId, ...naturalValues(resolved)]),
  };
  const filling: Comparison = {
    identity: ['id'],
    columns: target.kind.columns.map(({ column }) => column),
    rows: rows.map(({ pgId, resolved: { row } }) => [pgId, ...plain(row)]),
    onlyFills: true,
  };
  return merges ? [parted, filling] : [parted];
};

/** As findDifferent, for rows told apart by parents and redis_key. */
export function findDifferentKeyed(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
): Promise<readonly number[]> {
  return compare(transaction, target, keyedRows(target, rows));
}

export const keyedRows = ({ kind }: Target, rows: readonly Resolved[]): Comparison => ({
  identity: [...kind.parents.map(({ column }) => column), 'redis_key'],
  columns: kind.columns.map(({ column }) => column),
  rows: rows.map(({ row, parents }) => [...parents, row.redisKey ?? null, ...plain(row)]),
});

const plain = (row: Row) => row.values.map(parameter);

/** What is to be held against the rows of a table. */
export interface Comparison {
  readonly identity: readonly string[];
  readonly columns: readonly string[];
  /** Values of the identity, then of the columns. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** SQL: whether row t may have a value where the record has none. */
  readonly keepFilled?: string;
  /** Only a value where row t has none is a difference. */
  readonly onlyFills?: true;
}

/** @returns the indexes of the rows that differ, or are not there */
async function compare(
  transaction: Transaction,
  target: Target,
  comparison: Comparison,
): Promise<readonly number[]> {
  const found = await findUnlike(transaction, target, comparison);
  return found.map(({ index }) => index);
}

/** The same, with whether there is a row. */
export async function findUnlike(
  transaction: Transaction,
  target: Target,
  comparison: Comparison,
): Promise<readonly { readonly index: number; readonly absent: boolean }[]> {
  if (comparison.rows.length === 0) return [];
  const { values, from, absent, unlike } = comparisonSql(target, comparison);
  const found = await transaction.query(`SELECT w.n, ${absent} AS absent ${from} WHERE ${unlike}`, values);
  return found.map((row) => ({ index: Number(row['n']) - 1, absent: row['absent'] === 't' }));
}

/** Notes of all rows that differ what was sent and what came of it: see alterations.ts. */
export function rememberSql(target: Target, comparison: Comparison, guest: boolean) {
  const { values, from, absent, differs, sent, came } = comparisonSql(target, comparison);
  const columns = differs
    .map((one, at) => `CASE WHEN ${one} THEN '${comparison.columns[at]}' END`)
    .join(', ');
  const sql =
    'INSERT INTO millrace.altered (kind, pg_id, sent, came, columns, guest) ' +
    `SELECT DISTINCT '${target.kind.name}', t.id, ${sent}, ${came}, concat_ws(', ', ${columns}), ${guest} ${from} ` +
    `WHERE NOT ${absent} AND (${anyOf(differs)}) ` +
    'ON CONFLICT (kind, pg_id, sent) DO UPDATE SET came = EXCLUDED.came, columns = EXCLUDED.columns, noted_at = now()';
  return { sql, values };
}

/** What Postgres has where a row differs from what it was held against. */
export interface ColumnDifferences {
  /** Index of the row given. */
  readonly index: number;
  /** The id of the row in Postgres; null: it is not there. */
  readonly pgId: string | null;
  readonly columns: readonly {
    readonly column: string;
    readonly redis: string | null;
    readonly postgres: string | null;
  }[];
}

/** As `compare`, with the values on both sides of each column that differs. */
export async function compareColumns(
  transaction: Transaction,
  target: Target,
  comparison: Comparison,
): Promise<readonly ColumnDifferences[]> {
  const { identity, columns, rows } = comparison;
  if (rows.length === 0) return [];
  const { values, from, unlike, differs } = comparisonSql(target, comparison);
  const list = columns.map((column, at) => {
    const given = `w.c${at + identity.length}`;
    const type = target.types.get(column) ?? '';
    // Times in the form in which the column prints its own.
    const printed = type.startsWith('timestamp') ? `${given}::${type}::text` : given;
    return `(${differs[at] ?? 'false'}) AS d${at}, t.${quoteName(column)}::text AS v${at}, ${printed} AS r${at}`;
  });
  const found = await transaction.query(
    `SELECT ${['w.n', 't.id', ...list].join(', ')} ${from} WHERE ${unlike} ORDER BY w.n`,
    values,
  );
  return found.map((row) => {
    const index = Number(row['n']) - 1;
    const pgId = row['id'] ?? null;
    const different = columns.flatMap((column, at) => {
      if (pgId === null || row[`d${at}`] !== 't') return [];
      return [{ column, redis: row[`r${at}`] ?? null, postgres: row[`v${at}`] ?? null }];
    });
    return { index, pgId, columns: different };
  });
}

function comparisonSql(
  { kind, table, types }: Target,
  { identity, columns, rows, keepFilled, onlyFills }: Comparison,
) {
  const all = [...identity, ...columns];
  const { values, list } = arrays(
    all.map((_name, index) => rows.map((row) => row[index] ?? null)),
    all.map((name, index) => (index < identity.length ? (types.get(name) ?? 'text') : 'text')),
  );
  const aliases = all.map((_name, index) => `c${index}`);
  const same = identity.map((name, index) => `t.${quoteName(name)} = w.c${index}`).join(' AND ');
  const differs = columns.map((name, index) => {
    const stored = `t.${quoteName(name)}`;
    const given = `w.c${index + identity.length}`;
    if (onlyFills) return `coalesce(${stored}::text, '') = '' AND ${given} <> ''`;
    const both = `${cast(stored, types.get(name), true)} IS DISTINCT FROM ${cast(given, types.get(name), false)}`;
    return keepFilled === undefined
      ? both
      : `NOT (coalesce(${given}, '') = '' AND ${keepFilled}) AND ${both}`;
  });
  const from = `FROM unnest(${list}) WITH ORDINALITY AS w (${aliases.join(', ')}, n) LEFT JOIN ${table} t ON ${same}`;
  const absent = `(t.${quoteName(identity[0] ?? 'id')} IS NULL)`;
  if (columns.length === 0) return { values, from, absent, differs, unlike: absent, sent: '', came: '' };
  const sent = digest(columns.map((_name, index) => `w.c${index + identity.length}`));
  const came = digest(columns.map((name) => `t.${quoteName(name)}`));
  // What Postgres makes of a record on write is as good as equal. Looked up for what differs only.
  const expected = `EXISTS (SELECT FROM millrace.altered a WHERE a.kind = '${kind.name}' AND a.pg_id = t.id AND a.sent = ${sent} AND a.came = ${came})`;
  const unlike = `${absent} OR ((${anyOf(differs)}) AND NOT ${expected})`;
  return { values, from, absent, differs, unlike, sent, came };
}

const digest = (expressions: readonly string[]) => `md5(ROW(${expressions.join(', ')})::text)::uuid`;
const anyOf = (conditions: readonly string[]) => conditions.map((one) => `(${one})`).join(' OR ');

/** json is compared as the text it is. */
function cast(expression: string, type = 'text', stored: boolean): string {
  if (type === 'json') return stored ? `${expression}::text` : expression;
  return stored ? expression : `${expression}::${type}`;
}
