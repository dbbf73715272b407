import { readSql } from '../../foundation/package-root';
import { sqlState } from '../../connections/postgres/postgres';
import type { TextRow, Transaction } from '../../connections/postgres/postgres';
import { type Kind, type KindName, ageColumnOf } from '../../mapping/kinds';
import { type Strategies, strategyOf } from '../../mapping/strategies';
import { quoteName, type Target, type Targets } from '../record/target';
import type { WarmLimits } from './limits';
import { emptyTally, type Tallies, type Tally } from './tally';

const chosenTemplate = readSql('src/archive/warm/sql/chosen.sql');
const countsTemplate = readSql('src/archive/warm/sql/chosen-counts.sql');

/** Counting stops after this time; the figures of a larger table stay unknown. */
const countingMs = 20_000;

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
    if (kind.identity === 'mapped') {
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

const mostOf = ({ identity }: Kind, { predictions }: WarmLimits): number =>
  identity === 'dated' && predictions !== 'all' ? predictions : Infinity;

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
  await transaction.execute('SAVEPOINT counting');
  try {
    await transaction.execute(`SET LOCAL statement_timeout = ${countingMs}`);
    const rows = await transaction.query(
      `SELECT ${parent} AS parent, count(*) AS rows, count(${mark}) AS ours, ` +
        `count(${mark}) FILTER (WHERE ${sinceCondition(kind, limits)}) AS young FROM ${table} GROUP BY 1`,
    );
    await transaction.execute(`SET LOCAL statement_timeout = '60s'; RELEASE SAVEPOINT counting`);
    return rows;
  } catch (error) {
    if (sqlState(error) !== '57014') throw error;
    await transaction.execute('ROLLBACK TO SAVEPOINT counting; RELEASE SAVEPOINT counting');
    return undefined;
  }
}

/** SQL: a condition for rows that retention would not remove again at once. */
export function sinceCondition(kind: Kind, { since }: WarmLimits): string {
  const oldest = since?.[kind.name];
  const column = ageColumnOf(kind)?.column ?? '';
  return oldest === undefined ? 'true' : `${quoteName(column)} >= '${oldest.toISOString()}'`;
}

const numberIn = (row: TextRow | undefined, name: string): number => Number(row?.[name] ?? 0);
