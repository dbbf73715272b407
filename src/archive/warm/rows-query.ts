import { readSql } from '../../foundation/package-root';
import { isOwn } from '../../mapping/kinds';
import type { Strategies } from '../../mapping/strategies';
import { quoteName, type Target } from '../record/target';
import { sinceCondition, type WarmLimits } from './limits';
import { ownConditions } from './own/plan-own';
import { chosenSql, type Plan } from './plan';
import { selected } from './rows';

const mappedRowsSql = readSql('src/archive/warm/sql/mapped-rows.sql');
const newestRowsSql = readSql('src/archive/warm/sql/newest-rows.sql');
const fieldRowsSql = readSql('src/archive/warm/sql/field-rows.sql');
const keyedRowsSql = readSql('src/archive/warm/sql/keyed-rows.sql');
const ownRowsSql = readSql('src/archive/warm/sql/own-rows.sql');

/** SQL: the rows of a kind that have a place in Redis. */
export function rowsQuery(
  target: Target,
  {
    strategies,
    limits,
    plan,
  }: { readonly strategies: Strategies; readonly limits: WarmLimits; readonly plan: Plan },
): { readonly sql: string; readonly values: readonly unknown[] } {
  const { kind, table } = target;
  const { name } = kind;
  const columns = selected(target);
  const since = sinceCondition(kind, limits);
  const parents = [`{${(plan.chosen.get(kind.parents[0]?.kind ?? name) ?? []).join(',')}}`];
  const column = (one = '') => quoteName(one);
  const [first, second] = kind.columns;
  const time = column(kind.columns.find(({ field }) => field === kind.created)?.column);
  const fill = (sql: string) =>
    sql
      .replaceAll('{table}', table)
      .replaceAll('{columns}', columns)
      .replaceAll('{parent}', column(kind.parents[0]?.column))
      .replaceAll('{since}', since);
  if (isOwn(kind)) {
    const keys = kind.own.parts.map((part, index) => `t.${column(part.column)}::text AS k${index}`);
    const { whole, present } = ownConditions(kind);
    const sql = ownRowsSql
      .replaceAll('{keys}', keys.join(', '))
      .replaceAll('{ours}', `${whole} AND ${present}`);
    return { sql: fill(sql), values: [] };
  }
  if (kind.identity === 'mapped') {
    return {
      sql: fill(mappedRowsSql).replaceAll('{chosen}', chosenSql(name, strategies)),
      values: [],
    };
  }
  if (kind.identity === 'dated') {
    const { newest } = limits;
    const limit = newest === 'all' ? '' : `ORDER BY p.${time} DESC, p.redis_id DESC LIMIT ${newest}`;
    return {
      sql: fill(newestRowsSql).replaceAll('{time}', time).replaceAll('{limit}', limit),
      values: parents,
    };
  }
  const sql = fill(kind.shape === 'fields' ? fieldRowsSql : keyedRowsSql)
    .replaceAll('{name}', column(first?.column))
    .replaceAll('{value}', column(second?.column));
  return { sql, values: parents };
}
