import { readAsset } from '../package-root';
import type { TextRow, Transaction } from '../postgres';
import { type Decision, type Holders, settle } from './claims';
import { Unfit } from './unfit';
import type { IdMapTransaction, Identity, Mapping } from './id-map';
import type { KindName } from './kinds';
import type { Row } from './row';
import { quoteName, type Target } from './target';
import { isShared, parameter, upsert } from './upsert';

const holdersSql = readAsset('src/archive/sql/find-holders.sql');

export type ConflictStrategy = 'skip' | 'overwrite' | 'merge';

/** A row whose parents are known. */
export interface Resolved {
  readonly row: Row;
  /** Ids in Postgres, in the order of the kind's parents. */
  readonly parents: readonly (string | null)[];
}

export interface MappedOutcome {
  readonly added: number;
  readonly updated: number;
  /** What was mapped for the first time, for the log. */
  readonly synced: readonly {
    readonly kind: KindName;
    readonly name: string;
    readonly id: string;
    readonly pgId: string;
  }[];
  readonly parked: readonly {
    readonly row: Row;
    readonly reason: Unfit;
    /** `<kind>:<id>` of the record whose name it wants. */
    readonly waitingFor?: string;
  }[];
}

interface Plan {
  readonly resolved: Resolved;
  readonly pgId: string;
}

/**
 * Writes records that others refer to: models, datasets, experiments, versions, runs. Who gets which row: see claims.ts. Under
 * `merge`, what other records filled in a row stays until its own record says something else there: it is never emptied.
 * No identity may occur twice in `rows`.
 */
export async function writeMapped(
  transaction: Transaction,
  ids: IdMapTransaction,
  target: Target,
  rows: readonly Resolved[],
  strategy: ConflictStrategy,
): Promise<MappedOutcome> {
  const { kind } = target;
  const identities = rows.map(({ row }) => identityOf(row));
  const known = await ids.find(kind, target.table, identities);
  const claims = rows.map((resolved, index) => ({
    identity: identityOf(resolved.row),
    natural: naturalKey(resolved),
    known: known[index],
  }));
  const holders = await findHolders(transaction, target, rows, known);
  const { decisions, fresh, vacated, disowned } = settle(claims, holders, strategy);
  const allocated = await allocate(transaction, target, fresh);
  const real = (pgId: string): string =>
    pgId.startsWith('new ') ? (allocated[Number(pgId.slice(4))] ?? '') : pgId;

  const writes: Plan[] = [];
  const merges: Plan[] = [];
  const mappings: [Identity, Mapping][] = [];
  const parked: MappedOutcome['parked'][number][] = [];
  const synced: MappedOutcome['synced'][number][] = [];
  for (const [index, resolved] of rows.entries()) {
    const { row } = resolved;
    const identity = identityOf(row);
    const before = known[index];
    const decision = decisions[index];
    if (decision?.how === 'park') parked.push({ row, ...taken(target, decision) });
    if (decision?.how !== 'map') {
      if (before !== undefined) ids.remember(kind.name, identity, before);
      continue;
    }
    const { owned } = decision.mapping;
    const pgId = real(decision.mapping.pgId);
    if (owned) writes.push({ resolved, pgId });
    else if (strategy === 'merge') merges.push({ resolved, pgId });
    if (before === undefined) synced.push({ kind: kind.name, name: label(row), id: row.id, pgId });
    if (before?.pgId !== pgId || before.owned !== owned || (before.life === null && ids.life !== null))
      mappings.push([identity, { pgId, owned }]);
    else ids.remember(kind.name, identity, before);
  }

  await vacate(transaction, target, vacated);
  const { added, updated } = await upsert(transaction, {
    target,
    identity: ['id'],
    columns: columnsOf(target),
    arbiter: '(id)',
    ...(strategy === 'merge' ? { keepFilled: isShared(target) } : {}),
    rows: writes
      .sort((a, b) => (BigInt(a.pgId) < BigInt(b.pgId) ? -1 : 1)) // in one order, so that upserts cannot deadlock
      .map(({ resolved, pgId }) => [pgId, ...resolved.parents, ...resolved.row.values]),
  });
  let merged = 0;
  for (const plan of merges) merged += await merge(transaction, target, plan);
  await ids.disown(kind.name, disowned);
  await ids.put(kind.name, mappings);
  return { added, updated: updated + merged, synced, parked };
}

export const columnsOf = ({ kind }: Target): string[] => [
  ...kind.parents.map(({ column }) => column),
  ...kind.columns.map(({ column }) => column),
];

export function identityOf({ id, created, kind }: Row): Identity {
  if (created === undefined) throw new Error(`a ${kind.name} without a creation time`);
  return { id, created };
}

const label = ({ kind, values }: Row): string => parameter(values[0]) ?? kind.name;

function taken(
  { table, kind }: Target,
  { holder, waitsFor }: Decision & { readonly how: 'park' },
): Pick<MappedOutcome['parked'][number], 'reason' | 'waitingFor'> {
  const whose = waitsFor === undefined ? '' : `, which is ${kind.name} ${waitsFor}`;
  const message = `the ${kind.natural?.join(' and ') ?? ''} already belongs to row ${holder} of ${table}${whose}`;
  const reason = new Unfit('23505', kind.natural?.at(-1), message);
  return waitsFor === undefined ? { reason } : { reason, waitingFor: `${kind.name}:${waitsFor}` };
}

/** The value of each natural column, parents first, as they are in Postgres. */
export function naturalValues({ row, parents }: Resolved): (string | null)[] {
  const { kind } = row;
  return (kind.natural ?? []).map((column) => {
    const parent = kind.parents.findIndex((one) => one.column === column);
    if (parent >= 0) return parents[parent] ?? null;
    return parameter(row.values[kind.columns.findIndex((one) => one.column === column)]);
  });
}

const joined = (values: readonly (string | null)[]) => JSON.stringify(values);

const naturalKey = (resolved: Resolved): string | undefined =>
  resolved.row.kind.natural === undefined ? undefined : joined(naturalValues(resolved));

/** The rows that have the natural keys wanted, and those of the records themselves. */
async function findHolders(
  transaction: Transaction,
  { kind, table, types }: Target,
  rows: readonly Resolved[],
  known: readonly (Mapping | undefined)[],
): Promise<Holders> {
  const byKey = new Map<string, string[]>();
  const keyOf = new Map<string, string>();
  const owners = new Map<string, Identity>();
  const { natural } = kind;
  if (natural === undefined) return { byKey, keyOf, owners };
  const values = rows.map(naturalValues);
  const names = natural.map(quoteName).join(', ');
  // Text keeps what a varchar(n) cannot hold out of the cast: it is simply not found, and refused when written.
  const wanted = natural.map((column, index) =>
    /int/.test(types.get(column) ?? '') ? `$${index + 2}::bigint[]` : `$${index + 2}::text[]`,
  );
  const sql = holdersSql
    .replaceAll('{table}', table)
    .replaceAll('{columns}', names)
    .replaceAll('{wanted}', wanted.join(', '));
  const found = await transaction.query(sql, [
    kind.name,
    ...natural.map((_column, index) => values.map((row) => row[index] ?? null)),
  ]);
  const keyIn = (row: TextRow) => joined(natural.map((column) => row[column] ?? null));
  for (const row of found) {
    const { id, millrace_owner: owner, millrace_created: created } = row;
    if (id == null || keyOf.has(id)) continue;
    keyOf.set(id, keyIn(row));
    byKey.set(keyIn(row), [...(byKey.get(keyIn(row)) ?? []), id]);
    if (owner != null && created != null) owners.set(id, { id: owner, created });
  }
  const others = known.flatMap((one) => (one?.owned === true && !keyOf.has(one.pgId) ? [one.pgId] : []));
  if (others.length === 0) return { byKey, keyOf, owners };
  const renamed = `SELECT id, ${names} FROM ${table} WHERE id = ANY ($1::bigint[])`;
  for (const row of await transaction.query(renamed, [others])) keyOf.set(row['id'] ?? '', keyIn(row));
  return { byKey, keyOf, owners };
}

/** Takes the names away from rows that pass them on: the constraint is checked row by row. */
async function vacate(transaction: Transaction, { kind, table }: Target, pgIds: readonly string[]) {
  const column = quoteName(kind.natural?.at(-1) ?? '');
  const sql = `UPDATE ${table} SET ${column} = 'millrace ' || id WHERE id = ANY ($1::bigint[])`;
  if (pgIds.length > 0) await transaction.execute(sql, [pgIds]);
}

/** Takes ids from the table's own sequence, so that other programs' inserts go on above them. */
async function allocate(transaction: Transaction, { sequence }: Target, count: number): Promise<string[]> {
  if (count === 0) return [];
  const sql = 'SELECT nextval($1::regclass) AS id FROM generate_series(1, $2::int)';
  const rows = await transaction.query(sql, [sequence, count]);
  return rows.map((row) => row['id'] ?? '');
}

/** ON_CONFLICT=merge: fills only what is empty. @returns 1 when anything was. */
function merge(transaction: Transaction, target: Target, { resolved, pgId }: Plan): Promise<number> {
  const columns = target.kind.columns.map(({ column }, index) => {
    const name = quoteName(column);
    const given = `$${index + 2}::text`;
    return {
      name,
      given,
      empty: `(${name} IS NULL OR ${name}::text = '')`,
      type: target.types.get(column) ?? 'text',
    };
  });
  const set = columns.map(
    ({ name, given, empty, type }) => `${name} = CASE WHEN ${empty} THEN ${given}::${type} ELSE ${name} END`,
  );
  const fills = columns.map(({ given, empty }) => `(${empty} AND ${given} <> '')`);
  const sql = `UPDATE ${target.table} SET ${set.join(', ')} WHERE id = $1 AND (${fills.join(' OR ')})`;
  return transaction.execute(sql, [pgId, ...resolved.row.values.map(parameter)]);
}
