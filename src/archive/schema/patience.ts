import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { describeError, retryable } from '../../foundation/errors';
import { queryFile } from './query-json';

/** The pause between two attempts: sessions that queued behind our lock request get their turn. */
const pauseMs = 500;

const isBusy = (error: unknown): boolean => ['55P03', '40P01', '40001'].includes(describeError(error).code);

/**
 * Repeats a transaction that gives up rather than wait long for a lock.
 * @throws E_PG_BUSY (retryable), which names those who hold the locks
 */
export async function withPatience<T>(
  client: ClientBase,
  { patienceMs, tables }: { readonly patienceMs: number; readonly tables: readonly string[] },
  attempt: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > deadline) throw await busyError(client, tables, error);
      await delay(pauseMs);
    }
  }
}

interface Holder {
  readonly pid: number;
  readonly what: string;
}

async function busyError(client: ClientBase, tables: readonly string[], cause: unknown): Promise<Error> {
  const holders = await queryFile<Holder>(client, 'lock-holders', [tables]);
  const who = holders.map(({ what }) => what).join('; ') || 'a session that is gone by now';
  const pids = holders.map(({ pid }) => pid);
  return retryable(`the tables of the archive stay in use: ${who}`, {
    code: 'E_PG_BUSY',
    cause,
    hint: `Run \`millrace migrate\` again when they are done${pids.length === 0 ? '' : `, or end them: SELECT ${pids.map((pid) => `pg_terminate_backend(${pid})`).join(', ')};`}`,
  });
}
