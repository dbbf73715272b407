import type { Transaction } from '../../connections/postgres/postgres';
import type { Alterations } from './alterations';
import { type Decision, settle } from '../identity/claims';
import { guestRows } from './expectation';
import { findHolders, naturalKey } from '../identity/holders';
import type { IdMapTransaction, Mapping } from '../identity/id-map';
import type { Identity } from '../record/identity';
import type { KindName } from '../../mapping/kinds';
import { mergeAll } from './merge';
import { put } from './put';
import { columnsOf, type Counterpart, identityOf, type Resolved } from '../identity/resolved';
import type { Row } from '../record/row';
import { quoteName, type Target } from '../record/target';
import { Unfit } from '../record/unfit';
import { parameter } from '../record/decode';
import type { ConflictStrategy } from '../../mapping/strategies';

export interface MappedOutcome {
  readonly added: number;
  readonly updated: number;
  /** Records that were mapped for the first time, for the log. */
  readonly synced: readonly {
    readonly kind: KindName;
    readonly name: string;
    readonly id: string;
    readonly pgId: string;
  }[];
  readonly parked: readonly {
    readonly row: Row;
    readonly reason: Unfit;
    /** `<kind>:<id>` of the record that has the name it wants. */
    readonly waitingFor?: string;
  }[];
}

export interface MappedOptions {
  readonly ids: IdMapTransaction;
  readonly alterations: Alterations;
  readonly target: Target;
  /** The records; no identity may occur twice. */
  readonly rows: readonly Resolved[];
  readonly strategy: ConflictStrategy;
  /** The row that, by a rule of the table (lower(name), …), has the name of the only record in `rows`, though in another spelling. */
  readonly holder?: string | undefined;
}

/**
 * Writes records that others refer to: models, datasets, experiments, versions, runs. claims.ts decides which record gets which row.
 * Under `merge`, a value that another record has filled in stays until the row's own record has one there: it is never emptied.
 * @throws Swallowed, and the errors of Postgres
 */
export async function writeMapped(
  transaction: Transaction,
  { ids, alterations, target, rows, strategy, holder }: MappedOptions,
): Promise<MappedOutcome> {
  const { kind } = target;
  const identities = rows.map(({ row }) => identityOf(row));
  const known = await ids.find(kind, target.table, identities);
  const claims = rows.map((resolved, index) => ({
    identity: identityOf(resolved.row),
    natural: naturalKey(resolved),
    known: known[index],
  }));
  const holders = await findHolders(transaction, { target, rows, known, holder });
  const { decisions, fresh, vacated, disowned } = settle(claims, holders, strategy);
  const allocated = await allocate(transaction, target, fresh);
  const real = (pgId: string): string =>
    pgId.startsWith('new ') ? (allocated[Number(pgId.slice(4))] ?? '') : pgId;

  const writes: Counterpart[] = [];
  const merges: Counterpart[] = [];
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
  writes.sort((a, b) => (BigInt(a.pgId) < BigInt(b.pgId) ? -1 : 1)); // in one order, so that upserts cannot deadlock
  const { added, updated } = await put(transaction, {
    target,
    alterations,
    sources: writes.map(({ resolved }) => resolved),
    identity: ['id'],
    columns: columnsOf(target),
    arbiter: '(id)',
    strictness: strategy === 'merge' ? 'shared' : 'stored',
    rows: writes.map(({ resolved, pgId }) => [pgId, ...resolved.parents, ...resolved.row.values]),
  });
  const merged = await mergeAll(transaction, target, merges, alterations);
  await ids.disown(kind.name, disowned);
  await ids.put(kind.name, mappings);
  if (holder !== undefined) await rememberName(transaction, target, { rows, holder, alterations });
  return { added, updated: updated + merged, synced, parked };
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

/** Remembers that the record leads to a row whose name is spelled otherwise: a pass would take that for a difference. */
async function rememberName(
  transaction: Transaction,
  target: Target,
  { rows, holder, alterations }: Pick<MappedOptions, 'rows' | 'alterations'> & { readonly holder: string },
): Promise<void> {
  const parted = guestRows(target, rows.map((resolved) => ({ resolved, pgId: holder }))); // prettier-ignore
  await alterations.remember(transaction, target, parted, true);
}

/** Takes the names away from rows that pass them on to others, first: the constraint is checked row by row. */
async function vacate(transaction: Transaction, { kind, table }: Target, pgIds: readonly string[]) {
  const column = quoteName(kind.natural?.at(-1) ?? '');
  const sql = `UPDATE ${table} SET ${column} = 'millrace ' || id WHERE id = ANY ($1::bigint[])`;
  if (pgIds.length > 0) await transaction.execute(sql, [pgIds]);
}

/** Takes ids from the table's own sequence, so that inserts of other programs get higher ones. */
async function allocate(transaction: Transaction, { sequence }: Target, count: number): Promise<string[]> {
  if (count === 0) return [];
  const sql = 'SELECT nextval($1::regclass) AS id FROM generate_series(1, $2::int)';
  const rows = await transaction.query(sql, [sequence, count]);
  return rows.map((row) => row['id'] ?? '');
}
