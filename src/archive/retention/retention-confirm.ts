import { readAsset } from '../../foundation/package-root';
import { type PostgresConnection, sqlState, type Transaction } from '../../connections/postgres';
import { keyOf } from '../record/key';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import type { Column, Kind } from '../../mapping/kinds';
import type { RetainedKind } from '../../mapping/retention-policy';
import type { KeptReason } from './retention-report';
import type { Row } from '../record/row';
import { quoteName, type Target, type Targets, targetOf } from '../record/target';
import { parameter } from '../record/decode';

const compareSql = readAsset('src/archive/retention/sql/retention-compare.sql');
const noteSql = readAsset('src/archive/retention/sql/retention-note.sql');
const youngerSql = readAsset('src/archive/retention/sql/retention-younger.sql');

/** What Postgres says of a record: `equal`, committed and on disk; or why it has to stay. */
export type Verdict = 'equal' | KeptReason;

export interface ConfirmOptions {
  readonly postgres: PostgresConnection;
  readonly targets: () => Targets;
  readonly kind: RetainedKind;
  /** See KindReport. */
  readonly before: string;
  readonly dryRun: boolean;
  /** All points of a metric may go: say which have younger rows. */
  readonly empties?: boolean;
}

export interface Confirmed {
  /** In the order of the rows. */
  readonly verdicts: readonly Verdict[];
  /** `<Postgres run> <name>:<split>` of metrics that have rows younger than what goes. */
  readonly younger: ReadonlySet<string>;
  /** Postgres id of each row's parent. */
  readonly parents: readonly (string | undefined)[];
}

/**
 * Compares every column of the records with the rows of their identities, in one transaction. Unless in a dry run the transaction
 * also writes, so that its COMMIT waits until what it has seen is on disk; a standby refuses that. @throws explained errors
 */
export async function confirm(options: ConfirmOptions, rows: readonly Row[]): Promise<Confirmed> {
  const { postgres } = options;
  if (rows.length === 0) return { verdicts: [], younger: new Set(), parents: [] };
  try {
    return await postgres.transaction((transaction) => compareRows(transaction, options, rows));
  } catch (error) {
    if (sqlState(error)?.startsWith('22') !== true) throw postgres.translate(error);
    // A value that no column can hold: such a record was never archived. The others may have been.
    if (rows.length === 1) return { verdicts: ['unfit'], younger: new Set(), parents: [undefined] };
    const half = rows.length >> 1;
    const [a, b] = [await confirm(options, rows.slice(0, half)), await confirm(options, rows.slice(half))];
    return {
      verdicts: [...a.verdicts, ...b.verdicts],
      younger: new Set([...a.younger, ...b.younger]),
      parents: [...a.parents, ...b.parents],
    };
  }
}

async function compareRows(
  transaction: Transaction,
  { targets, kind: name, before, dryRun, empties }: ConfirmOptions,
  rows: readonly Row[],
): Promise<Confirmed> {
  const { kind } = targetOf(targets(), name);
  const target = targetOf(targets(), name);
  const parents = await parentsOf(transaction, targets(), rows);
  const found = await transaction.query(sqlOf(target), [
    name,
    rows.map(({ found: { id } }) => keyOf(name, id)),
    ...columnsOf(kind, rows, parents),
  ]);
  const verdicts = rows.map((_row, index): Verdict => {
    const answer = found[index];
    if (answer?.['parked'] === 't') return 'parked';
    if (parents[index] === undefined) return 'parent';
    if (answer?.['there'] !== 't') return 'missing';
    return answer['equal'] === 't' ? 'equal' : 'differs';
  });
  const younger = new Set<string>();
  if (empties === true) {
    const runs = [...new Set(parents.filter((parent) => parent !== undefined))];
    const sql = youngerSql.replaceAll('{table}', target.table);
    for (const row of await transaction.query(sql, [runs, `${before}+00`]))
      younger.add(`${row['run']} ${row['series']}`);
  }
  if (!dryRun && verdicts.includes('equal')) await transaction.execute(noteSql, [name, `${before}+00`]);
  return { verdicts, younger, parents };
}

/** Postgres ids of the versions, or runs. */
async function parentsOf(
  transaction: Transaction,
  targets: Targets,
  rows: readonly Row[],
): Promise<readonly (string | undefined)[]> {
  const wanted = rows.flatMap(({ references: [reference] }, index) =>
    reference?.created === undefined ? [] : [{ index, reference, created: reference.created }],
  );
  const result = rows.map((): string | undefined => undefined);
  const parent = rows[0]?.kind.parents[0];
  if (parent === undefined) return result;
  const ids = new IdMapTransaction(new IdMap(), transaction);
  const identities = wanted.map(({ reference, created }) => ({ id: reference.id, created }));
  const target = targetOf(targets, parent.kind);
  const found = await ids.find(target.kind, target.table, identities);
  for (const [at, { index }] of wanted.entries()) {
    const mapping = found[at];
    if (mapping?.alive === true) result[index] = mapping.pgId;
  }
  return result;
}

/** What tells a record from others, then its parent, then its columns. */
function columnsOf(kind: Kind, rows: readonly Row[], parents: readonly (string | undefined)[]) {
  const mark = rows.map(({ id, redisKey }) => redisKey ?? id);
  const values = kind.columns.map((_column, index) => rows.map((row) => parameter(row.values[index])));
  return [mark, parents.map((parent) => parent ?? null), ...values];
}

function sqlOf({ kind, table, types }: Target): string {
  const mark = kind.identity === 'dated' ? 'redis_id' : 'redis_key';
  const parent = kind.parents[0]?.column ?? '';
  const given = (index: number) => `w.c${index}`;
  const time = kind.columns.findIndex(({ column }) => column === 'timestamp');
  const identity =
    kind.identity === 'dated'
      ? `t.redis_id = w.mark AND t."timestamp" = ${given(time)}::${types.get('timestamp') ?? 'timestamptz'}`
      : `t.redis_key = w.mark AND t.${quoteName(parent)} = w.parent`;
  const equal = kind.columns.map((column, index) => {
    const stored = `t.${quoteName(column.column)}`;
    return `${exact(column, stored, true, types)} IS NOT DISTINCT FROM ${exact(column, given(index), false, types)}`;
  });
  const names = ['mark', 'parent', ...kind.columns.map((_column, index) => `c${index}`)];
  const arrays = [types.get(mark) ?? 'text', 'bigint', ...kind.columns.map(() => 'text')];
  return compareSql
    .replaceAll('{table}', table)
    .replaceAll('{identity}', identity)
    .replaceAll('{equal}', [`t.${quoteName(parent)} = w.parent`, ...equal].join(' AND '))
    .replaceAll('{names}', names.join(', '))
    .replaceAll('{arrays}', arrays.map((type, index) => `$${index + 3}::${type}[]`).join(', '));
}

/**
 * Compared in the type of what the record means, not of the column: an adopted one may hold less (real, numeric(5,2), timestamp(0)),
 * and then Redis has what Postgres lacks. JSON is the text it is, in jsonb columns the value.
 */
function exact(
  { column, decoder }: Column,
  expression: string,
  stored: boolean,
  types: Target['types'],
): string {
  switch (decoder) {
    case 'integer':
      return `${expression}::numeric`;
    case 'float':
    case 'float or none':
      return `${expression}::double precision`;
    case 'time':
    case 'time or none':
      return `${expression}::timestamptz`;
    case 'json':
      if (types.get(column) === 'jsonb') return stored ? expression : `${expression}::jsonb`;
      return `${expression}::text`;
    case 'text':
      return `${expression}::text`;
  }
}
