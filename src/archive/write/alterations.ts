import type { Transaction } from '../../connections/postgres/postgres';
import type { Expectation } from './expectation';
import { rememberSql } from './find-unlike';
import type { KindName } from '../../mapping/kinds';
import type { Target, Targets } from '../record/target';

/**
 * Remembers rows that Postgres changes as they are written (`updated_at = now()`, `lower(trim(name))`): what was sent and what came of
 * it, in the transaction that writes them. As long as neither changes comparisons take such a row for equal, so that it is written once
 * and not by every pass. See millrace.altered.
 */
export class Alterations {
  /** The kinds that have altered rows: for others Postgres is not asked. */
  #kinds: Set<KindName> | undefined;

  /** Forgets which kinds have such rows, because another instance may have written. */
  reset(): void {
    this.#kinds = undefined;
  }

  async of(transaction: Transaction, kind: KindName): Promise<boolean> {
    if (this.#kinds === undefined) {
      const rows = await transaction.query('SELECT DISTINCT kind FROM millrace.altered');
      this.#kinds = new Set(rows.map(({ kind: name }) => name ?? ''));
    }
    return this.#kinds.has(kind);
  }

  /** Notes how these rows differ from what was sent: Postgres wants it so. @param guest whether the rows follow other records */
  async remember(
    transaction: Transaction,
    target: Target,
    expectation: Expectation,
    guest = false,
  ): Promise<void> {
    const { sql, values } = rememberSql(target, expectation, guest);
    if ((await transaction.execute(sql, values)) > 0) (this.#kinds ??= new Set()).add(target.kind.name);
  }

  /** Forgets rows that were written anew. */
  async forget(transaction: Transaction, kind: KindName, pgIds: readonly string[]): Promise<void> {
    const sql = 'DELETE FROM millrace.altered WHERE kind = $1 AND pg_id = ANY ($2::bigint[]) AND NOT guest';
    if (pgIds.length > 0) await transaction.execute(sql, [kind, pgIds]);
  }

  /** Forgets rows that were deleted. */
  async prune(transaction: Transaction, targets: Targets): Promise<void> {
    for (const { kind, table } of targets.values()) {
      // Of the user's own the deletion itself does so: their tables may have no ids.
      if (kind.appendOnly || kind.own !== undefined || !(await this.of(transaction, kind.name))) continue;
      const gone = `NOT EXISTS (SELECT FROM ${table} t WHERE t.id = a.pg_id)`;
      await transaction.execute(`DELETE FROM millrace.altered a WHERE a.kind = $1 AND ${gone}`, [kind.name]);
    }
  }
}
