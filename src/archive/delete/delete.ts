import { describeError } from '../../foundation/errors';
import { readSql } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres/postgres';
import { type DeadLetter, deletionMark, release } from '../letters/dead-letters';
import type { Gone } from '../record/gone';
import type { Life } from '../record/identity';
import { deleteItems, hasManyRows } from './delete-items';
import { deleteOwn } from './delete-own';
import { deleteRows } from './delete-rows';
import { keptBy, notKept } from './kept';
import { Unfit } from '../record/unfit';
import { keyOf } from '../record/key';
import { isDataError, unfitOf } from '../write/isolate';
import { type Kind, type KindName, ageColumnOf, isOwn, parentKindsOf } from '../../mapping/kinds';
import { seriesOf } from '../record/series';
import { isId, md5 } from '../record/row';
import { quoteName, type Target, type Targets, targetOf } from '../record/target';

/**
 * SQL: whether a row is so young that retention cannot have removed its record. That an older record is gone from Redis does not say who
 * deleted it, so its row stays. True for rows without a time, and for kinds that retention never touched. @param parameter of the kind
 */
const notRetained = (parameter: string, kind: Kind): string =>
  `(t.${quoteName(ageColumnOf(kind)?.column ?? '')} < (SELECT before FROM millrace.retention WHERE kind = ${parameter})) IS NOT TRUE`;

const inheritSql = readSql('src/archive/identity/sql/inherit-ids.sql');

export interface Deleted {
  /** How many rows were deleted, by kind. */
  readonly rows: Map<KindName, number>;
  /** Deletions that Postgres refused, for any reason that lies in the data. */
  readonly refused: { readonly deletion: Gone; readonly error: unknown }[];
  /** Records that had led to a deleted record's row by their natural key: the row follows them now. */
  readonly heirs: Map<KindName, Set<string>>;
}

/** Deletes the rows of records, children first; only rows that came in this life of Redis. */
export async function applyDeletions(
  transaction: Transaction,
  targets: Targets,
  deletions: readonly Gone[],
  life: Life,
): Promise<Deleted> {
  const deleted: Deleted = { rows: new Map(), refused: [], heirs: new Map() };
  const names = [...targets.keys()];
  const order = [...deletions].sort((a, b) => names.indexOf(b.kind) - names.indexOf(a.kind));
  for (const deletion of order) {
    await transaction.execute('SAVEPOINT deletion');
    try {
      const { kind, id } = deletion;
      const heirs: string[] = [];
      const rows = await deleteRecord(transaction, targets, deletion, { life, heirs });
      deleted.rows.set(kind, (deleted.rows.get(kind) ?? 0) + rows);
      if (heirs.length > 0) deleted.heirs.set(kind, new Set([...(deleted.heirs.get(kind) ?? []), ...heirs]));
      await forgetLetters(transaction, targetOf(targets, kind).kind, id, life);
      // A record that waits for its natural key may have that now. (Nobody waits for what is no text.)
      if (!id.includes('\0')) await release(transaction, [`${kind}:${id}`]);
      await transaction.execute('RELEASE SAVEPOINT deletion');
    } catch (error) {
      if (!isDataError(error)) throw error;
      await transaction.execute('ROLLBACK TO SAVEPOINT deletion; RELEASE SAVEPOINT deletion');
      deleted.refused.push({ deletion, error });
    }
  }
  return deleted;
}

/** Deletes a deleted record's letters: otherwise it would come back when its parent comes. */
const forgetLetters = (transaction: Transaction, kind: Kind, id: string, life: Life) =>
  transaction.execute(
    'DELETE FROM millrace.dead_letters WHERE kind = $1 AND redis_key = $2 AND payload IS NOT NULL AND life = $3',
    [kind.name, keyOf(kind, Buffer.from(id, 'latin1')), life],
  );

/** The letter of a deletion that Postgres refuses. It is tried again when rows that may refer to the row are deleted, and at each full pass. */
export function letterOfRefused(kind: Kind, id: string, error: unknown): DeadLetter {
  const { code } = unfitOf(error);
  const { table } = error as { table?: unknown };
  const why =
    code === '23503' && typeof table === 'string'
      ? `rows of ${table} still refer to it`
      : `Postgres refuses: ${describeError(error).message}`;
  const reason = new Unfit(code, undefined, `was deleted in Redis, but not in Postgres: ${why}`);
  const key = keyOf(kind, Buffer.from(id, 'latin1'));
  return { kind: kind.name, key, distinction: deletionMark, reason };
}

/** Makes parked deletions due that may succeed now, because rows of their children's kinds were deleted. */
export async function releaseDeletions(
  transaction: Transaction,
  targets: Targets,
  deleted: ReadonlySet<KindName>,
): Promise<void> {
  const parents = [...new Set([...deleted].flatMap((name) => parentKindsOf(targetOf(targets, name).kind)))];
  const sql = `UPDATE millrace.dead_letters SET due = true WHERE created = $1 AND payload IS NULL AND kind = ANY ($2::text[]) AND NOT due`;
  if (parents.length > 0) await transaction.execute(sql, [deletionMark, parents]);
}

/**
 * Deletes the row (of a whole key: the rows) of a record that is gone from Redis, if it came in this life: in an older one the same id
 * may have meant another record. @returns how many rows
 */
async function deleteRecord(
  transaction: Transaction,
  targets: Targets,
  { kind: name, id }: Gone,
  { life, heirs }: { readonly life: Life; readonly heirs: string[] },
): Promise<number> {
  const target = targetOf(targets, name);
  const { kind } = target;
  if (isOwn(kind))
    return hasManyRows(kind)
      ? deleteItems(transaction, target, kind, { id, left: [], life })
      : deleteOwn(transaction, target, kind, { id, life });
  if (kind.identity === 'mapped')
    return isId(id) ? deleteMapped(transaction, target, id, { life, heirs }) : 0;
  if (kind.identity === 'dated') {
    if (!isId(id)) return 0;
    const retained = notRetained('$2', kind);
    const where = `redis_id = $1 AND ${notKept(name)} AND ${retained}`;
    return deleteRows(transaction, target, where, [id, name]);
  }
  const parts = id.split(':');
  const parents: string[] = [];
  for (const parent of kind.parents) {
    const pgId = await rowOf(transaction, parent.kind, parts[Number(parent.from)] ?? '', life);
    if (pgId === undefined) return 0;
    parents.push(pgId);
  }
  const where = kind.parents.map(({ column }, index) => `${quoteName(column)} = $${index + 1}`).join(' AND ');
  const kept = notKept(name, keptBy(kind));
  if (kind.shape !== 'members') {
    return deleteRows(transaction, target, `${where} AND redis_key IS NOT NULL AND ${kept}`, parents);
  }
  // The deleted members are not known any more, but the key says name and split, compared as one text, for either may contain a colon.
  const rest = Buffer.from(parts.slice(1).join(':'), 'latin1').toString('utf8');
  const points =
    `${where} AND redis_key IS NOT NULL AND ${seriesOf(kind)} = $2 ` +
    `AND ${kept} AND ${notRetained('$3', kind)}`;
  return deleteRows(transaction, target, points, [...parents, rest, name]);
}

/** Deletes the hyperparameters of a run whose names its hash no longer has. @param owner the run @param names those that are left */
export function deleteOthers(
  transaction: Transaction,
  target: Target,
  owner: string,
  names: readonly (Buffer | string)[],
): Promise<number> {
  const others =
    `${quoteName(target.kind.parents[0]?.column ?? '')} = $1 AND redis_key IS NOT NULL AND redis_key <> ALL ($2::uuid[]) ` +
    `AND ${notKept(target.kind.name, keptBy(target.kind))}`;
  return deleteRows(transaction, target, others, [owner, names.map(md5)]);
}

/** The row of the record that has this id; undefined when there is none, or several had it in this life. */
async function rowOf(transaction: Transaction, kind: KindName, id: string, life: Life) {
  if (!isId(id)) return undefined;
  const sql = `SELECT DISTINCT pg_id FROM millrace.id_map WHERE kind = $1 AND redis_id = $2 AND life = $3`;
  const [row, ...others] = await transaction.query(sql, [kind, id, life]);
  return others.length > 0 ? undefined : (row?.['pg_id'] ?? undefined);
}

async function deleteMapped(
  transaction: Transaction,
  target: Target,
  id: string,
  { life, heirs }: { readonly life: Life; readonly heirs: string[] },
): Promise<number> {
  const { kind } = target;
  const sql =
    'DELETE FROM millrace.id_map WHERE kind = $1 AND redis_id = $2 AND life = $3 RETURNING pg_id, owned';
  const mapped = await transaction.query(sql, [kind.name, id, life]);
  // A row that the record does not own stays. A row that another record leads to as well stays, too, and follows that one from now on.
  const owned = mapped.filter((row) => row['owned'] === 't').map((row) => row['pg_id']);
  if (owned.length === 0) return 0;
  for (const row of await transaction.query(inheritSql, [kind.name, owned, life]))
    heirs.push(row['redis_id'] ?? '');
  const orphaned =
    't.id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT FROM millrace.id_map m WHERE m.kind = $2 AND m.pg_id = t.id)';
  return deleteRows(transaction, target, orphaned, [owned, kind.name]);
}
