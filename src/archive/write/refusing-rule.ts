import { readSql } from '../../foundation/package-root';
import type { TextRow, Transaction } from '../../connections/postgres/postgres';
import { columnsOf, type Resolved } from '../identity/resolved';
import { quoteName, type Target } from '../record/target';
import { parameter } from '../record/decode';

const ruleSql = readSql('src/archive/write/sql/unique-rule.sql');
const columnsSql = readSql('src/archive/write/sql/column-defaults.sql');

/**
 * Finds the row because of which a unique rule refuses a record, if that rule decides when two names are the same: an index on
 * lower(name), citext, a collation, a partial index, an exclusion constraint. Postgres is asked with the rule's own expressions. A rule
 * that does not look at the whole natural key is not about names: then the record has another fault.
 * @param constraint name of the constraint, or of its index @returns the row's id
 */
export async function holderByRule(
  transaction: Transaction,
  target: Target,
  one: Resolved,
  constraint: string,
): Promise<string | undefined> {
  const { kind, table } = target;
  const keys = await transaction.query(ruleSql, [table, constraint]);
  if (kind.natural === undefined || keys.length === 0) return undefined;
  const columns = await transaction.query(columnsSql, [table]);
  const looksAt = namesIn(keys.map((key) => key['key'] ?? '').join(' '), columns);
  if (!kind.natural.every((name) => looksAt.has(name))) return undefined;
  return (
    (await ask(transaction, target, one, keys, columns)) ?? (await probe(transaction, target, one, keys))
  );
}

/** The columns that an expression names, and those from which generated ones among them are made. */
function namesIn(expression: string, columns: readonly TextRow[]): Set<string> {
  const words = expression.replace(/'(?:[^']|'')*'/g, '').match(/"(?:[^"]|"")+"|\w+/g) ?? [];
  const names = new Set(words.map((word) => word.replace(/^"|"$/g, '').replaceAll('""', '"')));
  for (const { name, generated, expression: made } of columns) {
    if (generated !== 't' || name == null || !names.has(name)) continue;
    for (const more of namesIn(made ?? '', [])) names.add(more);
  }
  return names;
}

const given = ({ row, parents }: Resolved): readonly (string | null)[] => [
  ...parents,
  ...row.values.map(parameter),
];

/** Compares the record, as a row with the table's defaults, with the rows of the table. */
async function ask(
  transaction: Transaction,
  target: Target,
  one: Resolved,
  keys: readonly TextRow[],
  columns: readonly TextRow[],
): Promise<string | undefined> {
  const ours = columnsOf(target);
  const plain = columns.filter(({ generated }) => generated !== 't');
  const base = plain.map(({ name, type, expression }) => {
    const at = ours.indexOf(name ?? '');
    const value =
      at >= 0 ? `$${at + 1}::text::${type}` : `(${name === 'id' ? 'NULL' : (expression ?? 'NULL')})::${type}`;
    return `${value} AS ${quoteName(name ?? '')}`;
  });
  const made = columns.filter(({ generated }) => generated === 't');
  const generated = made.map(({ name, expression }) => `${expression} AS ${quoteName(name ?? '')}`);
  const record = `(SELECT ${['g.*', ...generated].join(', ')} FROM (SELECT ${base.join(', ')}) AS g)`;
  const list = keys.map(({ key }, at) => `(${key}) AS k${at}`).join(', ');
  const predicate = keys[0]?.['predicate'];
  const where = predicate == null ? '' : ` WHERE ${predicate}`;
  const same = keys.map(({ operator, collation, distinct_nulls: distinct }, at) => {
    const equal = `t.k${at} ${operator ?? '='} ${collation == null ? `w.k${at}` : `w.k${at} COLLATE ${collation}`}`;
    return distinct === 't' ? equal : `(${equal} OR t.k${at} IS NULL AND w.k${at} IS NULL)`;
  });
  const sql =
    `SELECT t.id FROM (SELECT id, ${list} FROM ${target.table}${where}) AS t, (SELECT ${list} FROM ${record} AS r${where}) AS w ` +
    `WHERE ${same.join(' AND ')} ORDER BY t.id LIMIT 1`;
  const [row] = await transaction.query(sql, given(one));
  return row?.['id'] ?? undefined;
}

/** Tries to insert the record, so that triggers change its name as they would, and sees which row the index finds. Rolled back. */
async function probe(
  transaction: Transaction,
  target: Target,
  one: Resolved,
  keys: readonly TextRow[],
): Promise<string | undefined> {
  const columns = columnsOf(target).map(quoteName);
  const name = quoteName(target.kind.natural?.at(-1) ?? '');
  const predicate = keys[0]?.['predicate'];
  const arbiter = `(${keys.map(({ key }) => `(${key})`).join(', ')})${predicate == null ? '' : ` WHERE ${predicate}`}`;
  await transaction.execute('SAVEPOINT probe');
  const sql =
    `INSERT INTO ${target.table} AS t (id, ${columns.join(', ')}) OVERRIDING SYSTEM VALUE VALUES (-1, ${columns.map((_one, at) => `$${at + 1}`).join(', ')}) ` +
    `ON CONFLICT ${arbiter} DO UPDATE SET ${name} = t.${name} RETURNING t.id`;
  // An error here does not matter: the refusal of the write itself is the one to tell.
  const found = await transaction.query(sql, given(one)).catch(() => []);
  await transaction.execute('ROLLBACK TO SAVEPOINT probe; RELEASE SAVEPOINT probe');
  const id = found[0]?.['id'];
  return id == null || id === '-1' ? undefined : id;
}
