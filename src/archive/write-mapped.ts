import type { Transaction } from '../postgres';
import { Unfit } from './decode';
import type { IdMapTransaction, Identity, Mapping } from './id-map';
import type { KindName } from './kinds';
import type { Row } from './row';
import { quoteName, type Target } from './target';
import { parameter, upsert } from './upsert';

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
  readonly parked: readonly { readonly row: Row; readonly reason: Unfit }[];
}

interface Plan {
  readonly resolved: Resolved;
  readonly pgId: string;
}

/**
 * Writes records that others refer to: models, datasets, experiments, versions, runs. A record keeps the row it was mapped to;
 * a new one whose natural key has a row already is handled by the strategy. No identity may occur twice in `rows`.
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
  const holders = await findHolders(transaction, target, rows);
  // New rows are planned under names of ours, so that no more ids are taken than are used.
  let planned = 0;

  const writes = new Map<string, Plan>(); // by Postgres id: under `overwrite` the last one wins
  const merges: Plan[] = [];
  const mappings: [Identity, Mapping][] = [];
  const disowned: string[] = [];
  const parked: { row: Row; reason: Unfit }[] = [];
  const synced: MappedOutcome['synced'][number][] = [];

  rows.forEach((resolved, index) => {
    const { row } = resolved;
    const identity = identityOf(row);
    const natural = naturalKey(resolved);
    const holder = natural === undefined ? undefined : holders.get(natural);
    let mapping: Mapping | undefined = known[index];
    // It was mapped to somebody else's row for its name, and has another name now.
    if (mapping !== undefined && !mapping.owned && holder !== mapping.pgId) mapping = undefined;
    if (mapping?.owned === true) {
      if (holder !== undefined && holder !== mapping.pgId) {
        parked.push({ row, reason: taken(target, holder) });
        return;
      }
    } else {
      const pgId = holder ?? `new ${planned++}`;
      const owned = holder === undefined || strategy === 'overwrite';
      if (holder !== undefined && owned) disowned.push(pgId);
      if (mapping === undefined) {
        synced.push({ kind: kind.name, name: label(row), id: row.id, pgId });
      }
      if (mapping?.pgId !== pgId || mapping.owned !== owned) mappings.push([identity, { pgId, owned }]);
      mapping = { pgId, owned };
    }
    if (natural !== undefined) holders.set(natural, mapping.pgId);
    if (mapping.owned) writes.set(mapping.pgId, { resolved, pgId: mapping.pgId });
    else if (strategy === 'merge') merges.push({ resolved, pgId: mapping.pgId });
  });

  const fresh = await allocate(transaction, target, planned);
  const real = (pgId: string): string =>
    pgId.startsWith('new ') ? (fresh[Number(pgId.slice(4))] ?? '') : pgId;
  const ordered = [...writes.values()]
    .map(({ resolved, pgId }) => ({ resolved, pgId: real(pgId) }))
    .sort((a, b) => (BigInt(a.pgId) < BigInt(b.pgId) ? -1 : 1));
  const { added, updated } = await upsert(transaction, {
    target,
    identity: ['id'],
    columns: columnsOf(target),
    arbiter: '(id)',
    rows: ordered.map(({ resolved, pgId }) => [pgId, ...resolved.parents, ...resolved.row.values]),
  });
  let merged = 0;
  for (const { resolved, pgId } of merges) {
    merged += await merge(transaction, target, { resolved, pgId: real(pgId) });
  }
  await ids.disown(kind.name, disowned.map(real));
  const landed = mappings.map(
    ([identity, { pgId, owned }]) => [identity, { pgId: real(pgId), owned }] as const,
  );
  await ids.put(kind.name, landed);
  for (const [index, { row }] of rows.entries()) {
    const mapping = known[index];
    if (mapping !== undefined && ids.get(kind.name, identityOf(row)) === undefined) {
      ids.remember(kind.name, identityOf(row), mapping);
    }
  }
  return {
    added,
    updated: updated + merged,
    synced: synced.map((one) => ({ ...one, pgId: real(one.pgId) })),
    parked,
  };
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

function taken({ table, kind }: Target, holder: string): Unfit {
  const message = `the ${kind.natural?.join(' and ') ?? ''} already belongs to row ${holder} of ${table}`;
  return new Unfit('23505', kind.natural?.at(-1), message);
}

/** The value of each natural column, parents first, as they are in Postgres. */
function naturalValues({ row, parents }: Resolved): (string | null)[] {
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

/** Which rows have the natural keys now. Where a table lacks the constraint, the oldest of several. */
async function findHolders(
  transaction: Transaction,
  { kind, table, types }: Target,
  rows: readonly Resolved[],
): Promise<Map<string, string>> {
  const columns = kind.natural;
  if (columns === undefined) return new Map();
  const values = rows.map(naturalValues);
  const names = columns.map(quoteName);
  // Text keeps what a varchar(n) cannot hold out of the cast: it is simply not found, and refused when written.
  const arrays = columns.map((column, index) =>
    /int/.test(types.get(column) ?? '') ? `$${index + 1}::bigint[]` : `$${index + 1}::text[]`,
  );
  const sql =
    `SELECT min(t.id) AS id, ${names.map((name) => `t.${name}`).join(', ')} FROM ${table} t ` +
    `JOIN (SELECT DISTINCT * FROM unnest(${arrays.join(', ')}) AS w (${names.join(', ')})) w USING (${names.join(', ')}) ` +
    `GROUP BY ${names.map((name) => `t.${name}`).join(', ')}`;
  const found = await transaction.query(
    sql,
    columns.map((_column, index) => values.map((row) => row[index] ?? null)),
  );
  return new Map(found.map((row) => [joined(columns.map((column) => row[column] ?? null)), row['id'] ?? '']));
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
