import type { Kind } from '../../mapping/kinds';
import { identityOfOwn } from '../../mapping/own-key';
import type { Transaction } from '../../connections/postgres/postgres';
import { parameter, type Value } from '../record/decode';
import { quoteName, rowNumber, type Target, textOf } from '../record/target';
import { anyOf, differs, keeps } from './equality';

export interface Written {
  readonly added: number;
  readonly updated: number;
  /** How many rows that were there, with other contents, stay as they are: entries of streams are written once. */
  readonly stayed?: number;
}

export interface Upserted extends Written {
  /** The identities of the rows that were written, as `identityIn` makes them. */
  readonly written: ReadonlySet<string>;
  /** The ids of these rows. */
  readonly ids: readonly string[];
  /** Whether the table has triggers that are not ours, which may have changed what was written. */
  readonly watched: boolean;
}

export interface UpsertOptions {
  readonly target: Target;
  /** The columns that tell rows apart, and all others. */
  readonly identity: readonly string[];
  readonly columns: readonly string[];
  /** SQL: the arbiter of ON CONFLICT. */
  readonly arbiter: string;
  /** Those that a row takes which is there; without it all of them. Empty: such a row stays as it is. */
  readonly overwrites?: readonly string[];
  /** When a row that is there counts as equal. */
  readonly strictness: 'stored' | 'shared';
  /** For each row the values of the identity, then of the columns. No identity may occur twice: Postgres refuses that (21000). */
  readonly rows: readonly (readonly (Value | undefined)[])[];
  /** Write rows that are equal already, too. */
  readonly always?: true;
}

/** One text for one identity, whether of a row given or of one that Postgres returns. (It writes uuids with dashes.) */
export function identityIn({ own }: Kind, values: readonly (Value | undefined)[]): string {
  if (own !== undefined) return values.join('\0');
  return values.map((value) => (value ?? '').toString().replaceAll('-', '')).join(' ');
}

/** SQL: a column of the identity as `identityIn` is given it. */
function textIn({ kind }: Target, name: string): string {
  const own = kind.own && identityOfOwn(kind.own).find(({ column }) => column === name);
  return own === undefined ? `t.${quoteName(name)}` : textOf(own);
}

/** SQL: whether the table has triggers that are not ours; asked for each row, by an index. */
const watchedSql = `EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = t.tableoid AND NOT g.tgisinternal AND g.tgname NOT LIKE 'millrace%')`;

/**
 * Inserts rows, or updates those that differ; a row that is equal already is not touched. One array of texts a column: thousands of
 * parameters of a thousand rows take Postgres longer to read than all the rest.
 */
export async function upsert(transaction: Transaction, options: UpsertOptions): Promise<Upserted> {
  const { target, identity, columns, arbiter, strictness, rows, always, overwrites = columns } = options;
  const names = [...identity, ...columns];
  const all = names.map(quoteName).join(', ');
  const given = (column: string) => `EXCLUDED.${quoteName(column)}`;
  const after = (column: string) =>
    strictness === 'stored'
      ? given(column)
      : `CASE WHEN ${keeps(target, given(column))} THEN t.${quoteName(column)} ELSE ${given(column)} END`;
  const set = overwrites.map((column) => `${quoteName(column)} = ${after(column)}`).join(', ');
  const unlike = overwrites.map((column) => differs(target, column, given(column), strictness, true));
  const where = always ? '' : ` WHERE ${anyOf(unlike)}`;
  const update = overwrites.length === 0 ? 'NOTHING' : `UPDATE SET ${set}${where}`;
  const told = identity.map((name, index) => `${textIn(target, name)} AS i${index}`).join(', ');
  const types = await typesNow(transaction, target);
  const sources = names.map((name, at) => sourceOf(typeAssigned(types.get(name) ?? ''), at));
  const sql =
    `INSERT INTO ${target.table} AS t (${all}) OVERRIDING SYSTEM VALUE ` +
    `SELECT ${sources.map(({ value }) => value).join(', ')} FROM unnest(${sources.map(({ array }) => array).join(', ')}) ` +
    `AS w (${sources.map((_source, at) => `c${at}`).join(', ')}) ` +
    `ON CONFLICT ${arbiter} DO ${update} ` +
    `RETURNING (t.xmax = 0) AS added, ${rowNumber(target)} AS id, ${told}, ${watchedSql} AS watched`;
  let added = 0;
  let updated = 0;
  let watched = false;
  const written = new Set<string>();
  const ids: string[] = [];
  if (rows.length === 0) return { added, updated, written, ids, watched };
  const texts = names.map((_name, at) => arrayOf(rows.map((row) => parameter(row[at]))));
  for (const row of await transaction.query(sql, texts)) {
    if (row['added'] === 't') added++;
    else updated++;
    written.add(
      identityIn(
        target.kind,
        identity.map((_name, index) => row[`i${index}`] ?? null),
      ),
    );
    ids.push(row['id'] ?? '');
    watched ||= row['watched'] === 't';
  }
  return { added, updated, written, ids, watched };
}

/** SQL: the array with the values of a column, and one of them. An array of arrays would be taken apart to the end, and one of boxes has no commas. */
const sourceOf = (type: string, at: number): { readonly array: string; readonly value: string } =>
  /\]$|^box$/.test(type)
    ? { array: `$${at + 1}::text[]`, value: `w.c${at}::${type}` }
    : { array: `$${at + 1}::${type}[]`, value: `w.c${at}` };

/** The types of the columns as they are in this moment: somebody may have altered them since the target was made, as we tell users to for what does not fit. */
async function typesNow(transaction: Transaction, { table }: Target): Promise<ReadonlyMap<string, string>> {
  const rows = await transaction.query(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_catalog.pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  return new Map(rows.map(({ name, type }) => [name ?? '', type ?? '']));
}

/** SQL: a type without its length: the assignment refuses what is too long, where a cast would cut it. '': the column is gone, and Postgres will say so. */
const typeAssigned = (type: string): string =>
  (type || 'text')
    .replace(/^(character varying|bit varying)\(\d+\)/, '$1')
    .replace(/^character(\(\d+\))?(?=$|\[)/, 'bpchar')
    .replace(/^bit(\(\d+\))?(?=$|\[)/, '"bit"');

/** An array as Postgres reads it. (pg looks for more in each value than can be there.) */
const arrayOf = (values: readonly (string | null)[]): string => `{${values.map(element).join(',')}}`;

const element = (value: string | null): string =>
  value === null ? 'NULL' : `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
