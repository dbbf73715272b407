import { readSql } from '../../foundation/package-root';
import { isOwn, type OwnKind } from '../../mapping/kinds';
import type { Strategies } from '../../mapping/strategies';
import { quoteName, type Target } from '../record/target';
import { sinceCondition, type WarmLimits } from './limits';
import { newestOfKeys, ownConditions } from './own/plan-own';
import { chosenSql, type Plan } from './plan';
import { columnValues, selected } from './rows';

const mappedRowsSql = readSql('src/archive/warm/sql/mapped-rows.sql');
const newestRowsSql = readSql('src/archive/warm/sql/newest-rows.sql');
const fieldRowsSql = readSql('src/archive/warm/sql/field-rows.sql');
const keyedRowsSql = readSql('src/archive/warm/sql/keyed-rows.sql');
const ownRowsSql = readSql('src/archive/warm/sql/own-rows.sql');
const ownItemsSql = readSql('src/archive/warm/sql/own-items.sql');

interface RowsQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** The columns of its result that may be large. */
  readonly large: readonly string[];
}

/** SQL: the rows of a kind that have a place in Redis. */
export function rowsQuery(
  target: Target,
  {
    strategies,
    limits,
    plan,
  }: { readonly strategies: Strategies; readonly limits: WarmLimits; readonly plan: Plan },
): RowsQuery {
  const { kind, table } = target;
  const { name } = kind;
  const columns = selected(target);
  const large = kind.shape === 'fields' ? ['parts'] : kind.columns.map((_column, index) => `c${index}`);
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
  if (isOwn(kind)) return ownQuery(target, kind, since);
  if (kind.identity === 'mapped') {
    return {
      sql: fill(mappedRowsSql).replaceAll('{chosen}', chosenSql(name, strategies)),
      ...{ values: [], large },
    };
  }
  if (kind.identity === 'dated') {
    const { newest } = limits;
    const limit = newest === 'all' ? '' : `ORDER BY p.${time} DESC, p.redis_id DESC LIMIT ${newest}`;
    return {
      sql: fill(newestRowsSql).replaceAll('{time}', time).replaceAll('{limit}', limit),
      ...{ values: parents, large },
    };
  }
  const sql = fill(kind.shape === 'fields' ? fieldRowsSql : keyedRowsSql)
    .replaceAll('{name}', column(first?.column))
    .replaceAll('{value}', column(second?.column));
  return { sql, values: parents, large };
}

function ownQuery(target: Target, kind: OwnKind, since: string): RowsQuery {
  const { own, columns } = kind;
  const keys = own.parts.map(({ column }, index) => `t.${quoteName(column)}::text AS k${index}`);
  const { whole, present } = ownConditions(kind);
  const fill = (sql: string) =>
    sql
      .replaceAll('{table}', target.table)
      .replaceAll('{ours}', `${whole} AND ${present}`)
      .replaceAll('{since}', since);
  if (own.item === undefined) {
    const sql = fill(ownRowsSql)
      .replaceAll('{rows}', newestOfKeys(target, kind))
      .replaceAll('{keys}', keys.join(', '))
      .replaceAll('{columns}', selected(target));
    return { sql, values: [], large: columns.map((_column, index) => `c${index}`) };
  }
  const texts = columnValues(target).map((value) => `, ${value}::text`);
  const group = own.parts.map((_part, index) => String(index + 1)).join(', ');
  const sql = fill(ownItemsSql)
    .replaceAll('{keys}', keys.map((one) => `${one},`).join(' '))
    .replaceAll('{item}', quoteName(own.item.column))
    .replaceAll('{columns}', texts.join(''))
    .replaceAll('{group}', group === '' ? '' : `GROUP BY ${group}`);
  return { sql, values: [], large: ['items'] };
}
