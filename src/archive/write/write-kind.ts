import type { Attempt } from './attempt';
import { letterOf } from '../letters/dead-letters';
import { writeIsolated } from './isolate';
import { misfit } from './misfit';
import { nameColumn } from './name-column';
import type { Row } from '../record/row';
import { type Strategies, strategyOf } from '../../mapping/strategies';
import type { Target } from '../record/target';
import type { Unfit } from '../record/unfit';
import type { Written } from './upsert';
import { writeAppended, writeNew } from './write-appended';
import { writeKeyed } from './write-keyed';
import { writeOwn } from './own/write-own';
import { holderByRule } from './refusing-rule';
import type { Resolved } from '../identity/resolved';
import { writeMapped } from './write-mapped';

type SetAside = (row: Row, reason: Unfit, waitingFor?: string) => void;

interface BlockOptions {
  readonly strategies: Strategies;
  readonly setAside: SetAside;
  /** The row that has the record's name by a rule of the table, see MappedOptions. */
  readonly holder: string | undefined;
}

/** Writes the rows of one kind, whose parents are there. @returns those that had to be parked */
export async function writeKind(
  attempt: Attempt,
  target: Target,
  rows: readonly Resolved[],
  strategies: Strategies,
): Promise<ReadonlySet<Row>> {
  const parked = new Set<Row>();
  const refusals: Unfit[] = [];
  const setAside: SetAside = (row, reason, waitingFor) => {
    parked.add(row);
    // A conflict over a name is no fault of the table, and does not count as a refusal.
    if (waitingFor === undefined) refusals.push(reason);
    attempt.batch.letters.push(letterOf(row.found, reason, waitingFor));
  };
  const { transaction, applied } = attempt;
  const write = (block: readonly Resolved[], holder?: string) =>
    writeBlock(attempt, target, block, { strategies, setAside, holder });
  const refuse = async (one: Resolved, reason: Unfit) => {
    setAside(one.row, await nameColumn(transaction, target, one, reason));
  };
  const led: Written[] = [];
  // A name that another row has in another spelling is a conflict like any other.
  const look = async (one: Resolved, reason: Unfit) => {
    const taken = /^23(505|P01)$/.test(reason.code) && reason.constraint !== undefined;
    const holder = taken && (await holderByRule(transaction, target, one, reason.constraint));
    if (holder === undefined || holder === false) return refuse(one, reason);
    led.push(...(await writeIsolated(transaction, [one], (block) => write(block, holder), refuse)));
  };
  const results = attempt.careful
    ? await writeIsolated(transaction, fitting(target, rows, setAside), (block) => write(block), look)
    : [await write(rows)];
  const sum = applied.counts.get(target.kind.name) ?? { added: 0, updated: 0 };
  let stays = 0;
  for (const { added, updated, stayed = 0 } of [...results, ...led]) {
    sum.added += added;
    sum.updated += updated;
    stays += stayed;
  }
  if (stays > 0)
    applied.incidents.push(
      `${stays} ${stays === 1 ? 'entry has the id of a row' : 'entries have the ids of rows'} of ${target.kind.table} with other contents: the rows stay as they are`,
    );
  applied.counts.set(target.kind.name, sum);
  if (refusals.length > 0) applied.refused.set(target.kind.name, refusals);
  const copied = attempt.batch.copy?.kind.name === target.kind.name;
  if (rows.length > parked.size || copied) applied.landed.add(target.kind.name);
  return parked;
}

async function writeBlock(
  { transaction, ids, alterations, batch, applied, direct, careful }: Attempt,
  target: Target,
  rows: readonly Resolved[],
  { strategies, setAside, holder }: BlockOptions,
): Promise<Written> {
  const { kind } = target;
  if (kind.identity === 'own')
    return writeOwn(transaction, target, rows, { alterations, life: ids.life, careful });
  if (kind.appendOnly) {
    const copy = batch.copy?.kind.name === kind.name ? batch.copy : undefined;
    const added = direct
      ? await writeNew(transaction, target, rows, copy)
      : await writeAppended(transaction, target, rows);
    return { added, updated: 0 };
  }
  if (kind.identity !== 'mapped') return writeKeyed(transaction, target, rows, alterations);
  const strategy = strategyOf(strategies, kind.name);
  const outcome = await writeMapped(transaction, { ids, alterations, target, rows, strategy, holder });
  for (const { row, reason, waitingFor } of outcome.parked) setAside(row, reason, waitingFor);
  applied.synced.push(...outcome.synced);
  return outcome;
}

/** The rows without those that have a value which its column cannot hold; these are refused. */
const fitting = (
  { kind, types }: Target,
  rows: readonly Resolved[],
  setAside: (row: Row, reason: Unfit) => void,
): readonly Resolved[] =>
  rows.filter(({ row }) => {
    for (const [index, { column }] of kind.columns.entries()) {
      const reason = misfit(column, types.get(column) ?? '', row.values[index]);
      if (reason === undefined) continue;
      setAside(row, reason);
      return false;
    }
    return true;
  });
