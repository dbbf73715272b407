import { readSql } from '../../foundation/package-root';
import { changesStream } from '../../writer/keys';
import type { TextRow, Transaction } from '../../connections/postgres/postgres';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import type { Kind, KindName, OwnKind } from '../../mapping/kinds';
import { markColumn, tellerOf } from '../../mapping/own-key';
import { keyOr } from '../delete/delete-own';
import { followedStart } from '../record/own/followed';
import { findParents, parentIn } from '../identity/parents';
import { isId, type Row } from '../record/row';
import {
  hasOwnIdentity,
  hasOwnKey,
  quoteName,
  rowNumber,
  type Target,
  type Targets,
  textOf,
} from '../record/target';
import { seriesOf } from '../record/series';

/** A row in Postgres that a record under this key became. */
export interface TracedRow {
  readonly table: string;
  readonly id: string;
  /** Creation time of the record that the row came from, in UTC, with microseconds; null: a row of the user's own that follows its key alone. */
  readonly created: string | null;
  /** False: the row follows another record, or is another program's, which had the natural key first. */
  readonly owned: boolean;
  /** Of a mapping of the user's own that follows deletions: whether that of this row's key would be followed now. */
  readonly follows?: boolean;
  /** Whether it never is, for the row was there before its record. */
  readonly stays?: true;
  /** False: the row was deleted in Postgres. */
  readonly alive: boolean;
  /** The row's time columns. */
  readonly times: Readonly<Record<string, string | null>>;
  /** When the row was last written; null where Postgres does not keep that (track_commit_timestamp). */
  readonly committedAt: string | null;
  /** Columns that Postgres changes as the row is written, and that count as equal therefore. */
  readonly altered: string | null;
}

/** Rows of records that have no id of their own: points of a metric, hyperparameters, runs of an experiment. */
export interface TracedRows {
  readonly table: string;
  readonly count: number;
  readonly firstId: string | null;
  readonly lastId: string | null;
  readonly altered: string | null;
}

export interface TracedParent {
  readonly kind: KindName;
  readonly column: string;
  readonly id: string;
  readonly created: string | null;
  /** The id of the parent's row; null: the parent is not in Postgres. */
  readonly pgId: string | null;
}

const mappedSql = readSql('src/archive/inspect/sql/trace-mapped.sql');
const datedSql = readSql('src/archive/inspect/sql/trace-dated.sql');
const ownSql = readSql('src/archive/inspect/sql/trace-own.sql');
const keyedSql = readSql('src/archive/inspect/sql/trace-keyed.sql');

/** The rows of a record of a kind whose records have ids. */
export async function rowsOf(
  transaction: Transaction,
  target: Target,
  id: string,
): Promise<readonly TracedRow[]> {
  const { kind, table } = target;
  if (!isId(id)) return [];
  const { columns, committed } = await tracedColumns(transaction, target);
  const sql = (kind.identity === 'dated' ? datedSql : mappedSql)
    .replaceAll('{table}', table)
    .replaceAll('{created}', quoteName(kind.created ?? ''))
    .replaceAll('{times}', columns)
    .replaceAll('{committed}', committed);
  const found = await transaction.query(sql, kind.identity === 'dated' ? [id] : [kind.name, id]);
  return found.map((row) => toTracedRow(kind, row));
}

/** The row of a key of the user's own, or the rows of all records that have had it; of a stream, which has very many, that of one entry alone. */
export async function ownRowsOf(
  transaction: Transaction,
  target: Target,
  kind: OwnKind,
  id: Buffer,
  entryId: string | undefined,
): Promise<readonly TracedRow[]> {
  if (kind.shape === 'entries' && entryId === undefined) return [];
  const key = keyOr(kind, id.toString('latin1'));
  if (key === undefined) return [];
  const { columns, committed } = await tracedColumns(transaction, target);
  const born = kind.own.born === undefined ? undefined : tellerOf(kind.own);
  const sql = ownSql
    .replaceAll('{table}', target.table)
    .replaceAll('{number}', rowNumber(target))
    .replaceAll('{times}', columns)
    .replaceAll('{committed}', committed)
    .replaceAll(
      '{followed}',
      born === undefined ? '$2::bytea' : `$2::bytea || convert_to(${textOf(born)}, 'UTF8')`,
    )
    .replaceAll('{created}', born === undefined ? 'NULL::text' : `left(${textOf(born)}, -3)`)
    .replaceAll('{key}', entryId === undefined ? hasOwnKey(kind, 4) : hasOwnIdentity(kind, 4));
  const identity = entryId === undefined ? key : [...key, entryId];
  const found = await transaction.query(sql, [
    ...[kind.name, born === undefined ? id : followedStart(id), changesStream],
    ...identity,
  ]);
  const follows = (row: TextRow) =>
    kind.own.onDelete === 'keep'
      ? {}
      : { follows: row['follows'] === 't', ...(row['stays'] === 't' ? { stays: true as const } : {}) };
  return found.map((row) => ({
    ...{ ...toTracedRow(kind, row), ...follows(row) },
    ...{ id: identity.join(' '), created: row['created'] ?? null },
  }));
}

/** SQL: the row's columns with times, as JSON, and when it was written. */
async function tracedColumns(transaction: Transaction, { types }: Target) {
  const times = [...types].filter(([, type]) => type.startsWith('timestamp')).map(([name]) => name);
  const [setting] = await transaction.query(
    `SELECT current_setting('track_commit_timestamp', true) = 'on' AS kept`,
  );
  const pairs = times.map((name) => `'${name.replaceAll("'", "''")}', t.${quoteName(name)}::text`);
  return {
    columns: `json_build_object(${pairs.join(', ')})`,
    committed: setting?.['kept'] === 't' ? 'pg_xact_commit_timestamp(t.xmin)' : 'NULL',
  };
}

const toTracedRow = ({ table }: Kind, row: TextRow): TracedRow => ({
  table,
  id: row['id'] ?? '',
  created: row['created'] ?? '',
  owned: row['owned'] === 't',
  alive: row['alive'] === 't',
  times: row['alive'] === 't' ? (JSON.parse(row['times'] ?? '{}') as TracedRow['times']) : {},
  committedAt: row['committed'] ?? null,
  altered: row['altered'] ?? null,
});

/** Counts the rows of a key of the user's own that holds several records. */
export async function countItems(
  transaction: Transaction,
  { table }: Target,
  kind: OwnKind,
  id: Buffer,
): Promise<TracedRows> {
  const nothing = { table: kind.table, count: 0, firstId: null, lastId: null, altered: null };
  const key = keyOr(kind, id.toString('latin1'));
  const { onDelete } = kind.own;
  if (key === undefined) return nothing;
  const present = onDelete === 'mark' ? ` AND t.${quoteName(markColumn)} IS NULL` : '';
  const where = `FROM ${table} t WHERE ${hasOwnKey(kind, 1)}${present}`;
  const altered =
    `SELECT string_agg(DISTINCT a.columns, ', ') FROM millrace.altered a ` +
    `WHERE a.kind = '${kind.name}' AND a.pg_id IN (SELECT ${rowNumber({ kind })} ${where})`;
  const [row] = await transaction.query(`SELECT count(*) AS count, (${altered}) AS altered ${where}`, key);
  return { ...nothing, count: Number(row?.['count'] ?? 0), altered: row?.['altered'] ?? null };
}

/** Counts the rows under a key, for kinds whose records are told by their parents. @param id the part of the key after the prefix */
export async function countRows(
  transaction: Transaction,
  { kind, table }: Target,
  id: string,
): Promise<TracedRows> {
  const nothing = { table: kind.table, count: 0, firstId: null, lastId: null, altered: null };
  const parts = id.split(':');
  const parentIds = kind.parents.map(({ from }) => parts[Number(from)] ?? '');
  if (!parentIds.every(isId)) return nothing;
  const parents = kind.parents.map(
    (parent, index) =>
      `t.${quoteName(parent.column)} IN (SELECT pg_id FROM millrace.id_map WHERE kind = '${parent.kind}' AND redis_id = $${index + 1})`,
  );
  const narrows = kind.shape === 'members';
  const sql = keyedSql
    .replaceAll('{table}', table)
    .replaceAll('{kind}', kind.name)
    .replaceAll('{parents}', parents.join(' AND '))
    // Name and split are compared as one text, for either may contain a colon.
    .replaceAll('{narrowed}', narrows ? `${seriesOf(kind)} = $${parents.length + 1}` : 'true');
  const name = Buffer.from(parts.slice(1).join(':'), 'latin1').toString('utf8');
  const [row] = await transaction.query(sql, [...parentIds, ...(narrows ? [name.replaceAll('\0', '')] : [])]);
  return {
    table: kind.table,
    count: Number(row?.['count'] ?? 0),
    firstId: row?.['first'] ?? null,
    lastId: row?.['last'] ?? null,
    altered: row?.['altered'] ?? null,
  };
}

export async function parentsOf(
  transaction: Transaction,
  targets: Targets,
  row: Row,
): Promise<readonly TracedParent[]> {
  const ids = new IdMapTransaction(new IdMap(), transaction);
  await findParents(ids, targets, [row], 'alive');
  return row.references.flatMap((reference) => {
    if (reference === null) return [];
    const { parent, id, created = null } = reference;
    return [
      { kind: parent.kind, column: parent.column, id, created, pgId: parentIn(ids, reference) ?? null },
    ];
  });
}

/** A parked record under the key, without its contents: `dead-letters show` has those. */
export interface TracedLetter {
  readonly id: string;
  readonly code: string;
  readonly column: string | null;
  readonly message: string;
  readonly waitingFor: string | null;
  readonly attempts: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

export async function lettersOf(
  transaction: Transaction,
  kind: KindName,
  key: Buffer,
  distinction?: string,
): Promise<readonly TracedLetter[]> {
  const found = await transaction.query(
    `SELECT id, code, column_name, message, waiting_for, attempts, first_at, last_at FROM millrace.dead_letters
     WHERE kind = $1 AND redis_key = $2::bytea AND ($3::text IS NULL OR created = $3) ORDER BY last_at DESC LIMIT 20`,
    [kind, `\\x${key.toString('hex')}`, distinction ?? null],
  );
  return found.map((row) => ({
    id: row['id'] ?? '',
    code: row['code'] ?? '',
    column: row['column_name'] ?? null,
    message: row['message'] ?? '',
    waitingFor: row['waiting_for'] ?? null,
    attempts: Number(row['attempts'] ?? 0),
    firstAt: row['first_at'] ?? '',
    lastAt: row['last_at'] ?? '',
  }));
}
