import { readSql } from '../../foundation/package-root';
import { type PostgresConnection, sqlState, type Transaction } from '../../connections/postgres/postgres';
import { findParents, withParents } from '../identity/parents';
import { keyOf } from '../record/key';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import { type KindName, ageColumnOf } from '../../mapping/kinds';
import type { KeptReason } from './retention-report';
import type { Row } from '../record/row';
import { quoteName, type Targets, targetOf } from '../record/target';
import { seriesOf } from '../record/series';
import { wholeRows } from '../write/expectation';
import { findUnlike } from '../write/find-unlike';

const parkedSql = readSql('src/archive/retention/sql/retention-parked.sql');
const noteSql = readSql('src/archive/retention/sql/retention-note.sql');
const youngerSql = readSql('src/archive/retention/sql/retention-younger.sql');

/** What Postgres says of a record. */
export interface Confirmation {
  /** `equal`: committed and on disk; or why it has to stay. */
  readonly verdict: 'equal' | KeptReason;
  /** Its sorted set has rows that are younger than what goes. Known only if all of one may go. */
  readonly hasYounger: boolean;
}

export interface ConfirmationOptions {
  readonly postgres: PostgresConnection;
  readonly targets: () => Targets;
  readonly kind: KindName;
  /** See KindReport. */
  readonly before: string;
  readonly dryRun: boolean;
  /** All members of a sorted set may go: say which have younger rows. */
  readonly empties: boolean;
}

/**
 * Compares every column of the records with the rows of their identities, in one transaction. Unless in a dry run the transaction
 * also writes, so that its COMMIT waits until what it has seen is on disk; a standby refuses that. @returns in the order of the rows
 * @throws explained errors
 */
export async function confirmEqual(
  options: ConfirmationOptions,
  rows: readonly Row[],
): Promise<readonly Confirmation[]> {
  const { postgres } = options;
  if (rows.length === 0) return [];
  try {
    return await postgres.transaction((transaction) => compareRows(transaction, options, rows));
  } catch (error) {
    if (sqlState(error)?.startsWith('22') !== true) throw postgres.translate(error);
    // A value that no column can hold: such a record was never archived. The others may have been.
    if (rows.length === 1) return [{ verdict: 'unfit', hasYounger: false }];
    const half = rows.length >> 1;
    return [
      ...(await confirmEqual(options, rows.slice(0, half))),
      ...(await confirmEqual(options, rows.slice(half))),
    ];
  }
}

async function compareRows(
  transaction: Transaction,
  { targets, kind, before, dryRun, empties }: ConfirmationOptions,
  rows: readonly Row[],
): Promise<readonly Confirmation[]> {
  const target = targetOf(targets(), kind);
  const ids = new IdMapTransaction(new IdMap(), transaction);
  await findParents(ids, targets(), rows, 'alive');
  const { resolved } = withParents(rows, ids);
  const verdicts = new Map<Row, Confirmation['verdict']>(resolved.map(({ row }) => [row, 'equal']));
  for (const { index, pgId } of await findUnlike(transaction, target, wholeRows(target, resolved, 'exact'))) {
    const row = resolved[index]?.row;
    if (row !== undefined) verdicts.set(row, pgId === null ? 'missing' : 'differs');
  }
  const keys = rows.map(({ found: { id } }) => keyOf(target.kind, id));
  for (const { n } of await transaction.query(parkedSql, [kind, keys])) {
    const row = rows[Number(n) - 1];
    if (row !== undefined) verdicts.set(row, 'parked');
  }
  const younger = new Set<string>();
  if (empties) {
    const parents = [...new Set(resolved.map(({ parents: [parent] }) => parent))];
    const sql = youngerSql
      .replaceAll('{table}', target.table)
      .replaceAll('{parent}', `t.${quoteName(target.kind.parents[0]?.column ?? '')}`)
      .replaceAll('{series}', seriesOf(target.kind))
      .replaceAll('{time}', `t.${quoteName(ageColumnOf(target.kind)?.column ?? '')}`);
    for (const { parent, series } of await transaction.query(sql, [parents, `${before}+00`]))
      younger.add(`${parent} ${series}`);
  }
  const series = new Map(resolved.map(({ row, parents: [parent] }) => [row, `${parent} ${seriesIn(row)}`]));
  const confirmations = rows.map((row) => ({
    verdict: verdicts.get(row) ?? 'parent',
    hasYounger: younger.has(series.get(row) ?? ''),
  }));
  if (!dryRun && confirmations.some(({ verdict }) => verdict === 'equal'))
    await transaction.execute(noteSql, [kind, `${before}+00`]);
  return confirmations;
}

/** What follows the parent in the key. */
const seriesIn = ({ found: { id } }: Row): string => id.toString('utf8', id.indexOf(':') + 1);
