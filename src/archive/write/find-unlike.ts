import type { Transaction } from '../../connections/postgres/postgres';
import { identityOfOwn } from '../../mapping/own-key';
import { hasKeyOf, identityTypeOf, quoteName, rowNumber, type Target } from '../record/target';
import { anyOf, differs } from './equality';
import type { Expectation } from './expectation';

/** A row that is not as expected. */
export interface UnlikeRow {
  /** Which of the rows given, from 0. */
  readonly index: number;
  /** The id of the row in Postgres; null: it is not there. */
  readonly pgId: string | null;
  /** The columns that differ, if they were asked for. */
  readonly columns: readonly {
    readonly column: string;
    readonly redis: string | null;
    readonly postgres: string | null;
  }[];
}

/**
 * The rows that are not as expected, or not there; in order. @param inDetail tell the values on both sides of each column that differs
 * @throws a data error when a value fits no column
 */
export async function findUnlike(
  transaction: Transaction,
  target: Target,
  expectation: Expectation,
  inDetail = false,
): Promise<readonly UnlikeRow[]> {
  const { identity, columns, rows } = expectation;
  if (rows.length === 0) return [];
  const { values, from, absent, unlike, different } = comparisonSql(target, expectation);
  const told = inDetail ? columns : [];
  const list = told.map((column, at) => {
    const given = `w.c${at + identity.length}`;
    const type = target.types.get(column) ?? '';
    // Times are printed in the form in which the column prints its own.
    const printed = type.startsWith('timestamp') ? `${given}::${type}::text` : given;
    return `(${different[at] ?? 'false'}) AS d${at}, t.${quoteName(column)}::text AS v${at}, ${printed} AS r${at}`;
  });
  // Without columns to compare only missing rows are found, and those an index alone can tell.
  const number =
    target.kind.own === undefined ? 't.id' : `CASE WHEN NOT ${absent} THEN ${rowNumber(target)} END`;
  const id = columns.length === 0 ? 'NULL AS id' : `${number} AS id`;
  const found = await transaction.query(
    `SELECT ${['w.n', id, ...list].join(', ')} ${from} WHERE ${unlike} ORDER BY w.n`,
    values,
  );
  return found.map((row) => {
    const pgId = row['id'] ?? null;
    const differing = told.flatMap((column, at) => {
      if (pgId === null || row[`d${at}`] !== 't') return [];
      return [{ column, redis: row[`r${at}`] ?? null, postgres: row[`v${at}`] ?? null }];
    });
    return { index: Number(row['n']) - 1, pgId, columns: differing };
  });
}

/** SQL that notes, for each row that differs, what was sent and what came of it: see alterations.ts. */
export function rememberSql(target: Target, expectation: Expectation, guest: boolean) {
  const { values, from, absent, different, sent, came } = comparisonSql(target, expectation);
  const columns = different
    .map((one, at) => `CASE WHEN ${one} THEN '${expectation.columns[at]}' END`)
    .join(', ');
  const sql =
    'INSERT INTO millrace.altered (kind, pg_id, sent, came, columns, guest) ' +
    `SELECT DISTINCT '${target.kind.name}', ${rowNumber(target)}, ${sent}, ${came}, concat_ws(', ', ${columns}), ${guest} ${from} ` +
    `WHERE NOT ${absent} AND (${anyOf(different)}) ` +
    'ON CONFLICT (kind, pg_id, sent) DO UPDATE SET came = EXCLUDED.came, columns = EXCLUDED.columns, noted_at = now()';
  return { sql, values };
}

function comparisonSql(target: Target, { identity, columns, rows, strictness }: Expectation) {
  const { kind, table } = target;
  const given = (at: number) => `w.c${at + identity.length}`;
  const { sql: list, values } = givenRows(target, { identity, columns, rows });
  const from = `FROM ${list} LEFT JOIN ${table} t ON ${hasKeyOf(identity)}`;
  const absent = `(t.${quoteName(identity[0] ?? 'id')} IS NULL)`;
  const different = columns.map((name, at) => differs(target, name, given(at), strictness));
  if (columns.length === 0) return { values, from, absent, different, unlike: absent, sent: '', came: '' };
  const sent = digest(columns.map((_name, at) => given(at)));
  const came = digest(columns.map((name) => `t.${quoteName(name)}`));
  // A row that Postgres alters on write counts as equal. Looked up only for rows that differ.
  const expected = `EXISTS (SELECT FROM millrace.altered a WHERE a.kind = '${kind.name}' AND a.pg_id = ${rowNumber(target)} AND a.sent = ${sent} AND a.came = ${came})`;
  const excused = strictness === 'exact' ? '' : ` AND NOT ${expected}`;
  const unlike = `${absent} OR ((${anyOf(different)})${excused})`;
  return { values, from, absent, different, unlike, sent, came };
}

/** SQL: rows w (c0, c1, …, n) of the values of identity and columns, in one unnest, and the values to bind. */
export function givenRows(
  target: Target,
  { identity, columns, rows }: Omit<Expectation, 'strictness'>,
): { readonly sql: string; readonly values: readonly unknown[] } {
  const plain = target.kind.own === undefined;
  const all = [...identity, ...columns];
  const values = all.map((_name, at) => {
    const column = rows.map((row) => row[at] ?? null);
    // The array's text is made here: pg would look in each value for something to escape, which takes longer than all the rest.
    return at < identity.length && plain ? `{${column.map((value) => value ?? 'NULL').join(',')}}` : column;
  });
  const arrays = all.map((name, at) => (at < identity.length ? identityType(target, name) : 'text'));
  const list = arrays.map((type, at) => `$${at + 1}::${type}[]`).join(', ');
  const aliases = all.map((_name, at) => `c${at}`).join(', ');
  return { sql: `unnest(${list}) WITH ORDINALITY AS w (${aliases}, n)`, values };
}

/** The type in which a column of the identity is given. Text of the user's own stays text: a cast to varchar(n) would cut what is too long. */
const identityType = ({ kind, types }: Target, name: string): string =>
  kind.own === undefined
    ? (types.get(name) ?? 'text')
    : identityTypeOf[identityOfOwn(kind.own).find(({ column }) => column === name)?.type ?? 'text'];

const digest = (expressions: readonly string[]) => `md5(ROW(${expressions.join(', ')})::text)::uuid`;
