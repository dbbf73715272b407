import { readSql } from '../../foundation/package-root';
import type { TextRow, Transaction } from '../../connections/postgres/postgres';
import { isOwn, type Kind, type KindName } from '../../mapping/kinds';
import { type Strategies, strategyOf } from '../../mapping/strategies';
import { quoteName, type Target, type Targets } from '../record/target';
import { countInTime } from './counting';
import { sinceCondition, type WarmLimits } from './limits';
import { countOwn } from './own/plan-own';
import { emptyTally, type Tallies, type Tally } from './tally';

const chosenTemplate = readSql('src/archive/warm/sql/chosen.sql');
const countsTemplate = readSql('src/archive/warm/sql/chosen-counts.sql');

export interface Plan {
  /** How many records to look at, by kind; undefined: too many to count. */
  readonly wanted: ReadonlyMap<Kind, number | undefined>;
  /** Postgres ids of the rows that may have a place in Redis, of the kinds that others refer to. */
  readonly chosen: ReadonlyMap<KindName, readonly string[]>;
  /** Tallies of what is known before anything is restored. */
  readonly tallies: Tallies;
}

/** chosen.sql for a kind. Under `overwrite` a record that does not own its row would claim it when it is seen again, so it is not chosen. */
export const chosenSql = (name: KindName, strategies: Strategies): string =>
  chosenTemplate
    .replaceAll('{kind}', name)
    .replaceAll('{guests}', strategyOf(strategies, name) === 'overwrite' ? 'false' : 'true');

/** Counts what there is to restore. Reads Postgres alone. */
export async function makePlan(
  transaction: Transaction,
  targets: Targets,
  strategies: Strategies,
  limits: WarmLimits,
): Promise<Plan> {
  const chosen = new Map<KindName, readonly string[]>();
  const tallies = new Map<Kind, Tally>();
  const wanted = new Map<Kind, number | undefined>();
  for (const target of targets.values()) {
    const { kind } = target;
    const { name } = kind;
    const tally = emptyTally();
    tallies.set(kind, tally);
    if (isOwn(kind)) wanted.set(kind, await countOwn(transaction, target, kind, { limits, tally }));
    else if (kind.identity === 'mapped') {
      const [row] = await transaction.query(
        countsTemplate
          .replaceAll('{chosen}', chosenSql(name, strategies))
          .replaceAll('{kind}', name)
          .replaceAll('{table}', target.table),
      );
      chosen.set(
        name,
        (row?.['ids'] ?? '').split(/[{},]/).filter((id) => id !== ''),
      );
      wanted.set(kind, numberIn(row, 'chosen'));
      tally.superseded = numberIn(row, 'superseded');
      tally.shared = numberIn(row, 'shared');
      tally.foreign = numberIn(row, 'foreign');
    } else {
      const parents = new Set(chosen.get(kind.parents[0]?.kind ?? ''));
      const rows = await countByParent(transaction, target, limits);
      wanted.set(kind, rows && addUp(rows, { parents, most: mostOf(kind, limits), tally }));
    }
  }
  return { wanted, chosen, tallies };
}

const mostOf = ({ identity }: Kind, { newest }: WarmLimits): number =>
  identity === 'dated' && newest !== 'all' ? newest : Infinity;

/** Adds counts to the tally. @returns how many records are to be looked at */
function addUp(
  rows: readonly TextRow[],
  { parents, most, tally }: { parents: ReadonlySet<string>; most: number; tally: Tally },
): number {
  let wanted = 0;
  for (const row of rows) {
    const [ours, young] = [numberIn(row, 'ours'), numberIn(row, 'young')];
    tally.foreign += numberIn(row, 'rows') - ours;
    if (!parents.has(row['parent'] ?? '')) {
      tally.superseded += ours;
      continue;
    }
    wanted += Math.min(most, young);
    tally.left += ours - Math.min(most, young);
  }
  return wanted;
}

/** Counts the rows of each parent. @returns undefined when that takes too long */
async function countByParent(
  transaction: Transaction,
  { kind, table }: Target,
  limits: WarmLimits,
): Promise<readonly TextRow[] | undefined> {
  const mark = kind.identity === 'dated' ? 'redis_id' : 'redis_key';
  const parent = quoteName(kind.parents[0]?.column ?? '');
  return countInTime(
    transaction,
    `SELECT ${parent} AS parent, count(*) AS rows, count(${mark}) AS ours, ` +
      `count(${mark}) FILTER (WHERE ${sinceCondition(kind, limits)}) AS young FROM ${table} GROUP BY 1`,
  );
}

const numberIn = (row: TextRow | undefined, name: string): number => Number(row?.[name] ?? 0);
