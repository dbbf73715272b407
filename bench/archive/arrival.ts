import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { compareEntryIds } from '../../src/archive/stream/entry-id';
import { monotonicMs } from '../clock';
import type { DaemonProcess, LogEvent } from '../daemon-process';
import type { Database } from './database';

const stream = 'millrace:changes';
const patienceMs = 900_000;
const countEveryMs = 2_000;

/** Asks again and again. @returns when the answer that was yes had arrived, by the monotonic clock, in milliseconds */
async function until(what: string, everyMs: number, isSo: () => Promise<boolean>): Promise<number> {
  const deadline = monotonicMs() + patienceMs;
  while (monotonicMs() < deadline) {
    if (await isSo()) return monotonicMs();
    await delay(everyMs);
  }
  throw new Error(`${what} took more than ${patienceMs / 60_000} minutes`);
}

/** Id of the last entry of the stream. */
export async function lastEntry(client: Redis): Promise<string> {
  const [last] = await client.xrevrange(stream, '+', '-', 'COUNT', 1);
  return last?.[0] ?? '0-0';
}

/**
 * Until another connection sees that the position, which moves in the transaction that writes the rows, is at the entry.
 * @returns when
 */
export const applied = (database: Database, entryId: string, everyMs = 1): Promise<number> =>
  until('the tail', everyMs, async () => {
    const sql = 'SELECT entry_id FROM millrace.checkpoint WHERE stream = $1';
    const [row] = await database.query(sql, [stream]);
    return compareEntryIds(row?.['entry_id'] ?? '0-0', entryId) >= 0;
  });

/** Until another connection sees so many predictions with Redis ids from `first` on. @returns when */
export async function arrived(database: Database, first: number, wanted: number): Promise<number> {
  const counting = 'SELECT count(*) AS count FROM predictions WHERE redis_id >= $1::bigint';
  // Counting many is dear: the sequence says when it is worth it. It may be wrong, for it tells of what is not committed, too.
  const [{ name } = {}] = await database.query(`SELECT pg_get_serial_sequence('predictions', 'id') AS name`);
  const drawn = async () => {
    const [row] = await database.query(`SELECT last_value FROM ${name ?? ''}`);
    return Number(row?.['last_value'] ?? 0);
  };
  const start = await drawn();
  const [before] = await database.query(counting, [first]);
  const missing = wanted - Number(before?.['count'] ?? 0);
  let almost = false;
  let countAt = monotonicMs() + countEveryMs;
  return until('the mirror', 1, async () => {
    almost ||= (await drawn()) - start >= missing - 1;
    if (!almost && monotonicMs() < countAt) return false;
    countAt = monotonicMs() + countEveryMs;
    const [row] = await database.query(counting, [first]);
    return Number(row?.['count']) >= wanted;
  });
}

/**
 * When somebody reads the stream for the first time from now on: an instant at which it is known not to have been read, at most
 * a few milliseconds before.
 */
export async function firstRead(client: Redis): Promise<number> {
  await client.config('RESETSTAT');
  let before = monotonicMs();
  await until('the first read', 1, async () => {
    const asked = monotonicMs();
    const read = /cmdstat_xread:/.test(await client.info('commandstats'));
    if (!read) before = asked;
    return read;
  });
  return before;
}

/** Has the daemon make a full pass. @returns what it logs of it: `startedAt`, `ms` */
export async function fullPass(daemon: DaemonProcess, database: Database): Promise<LogEvent> {
  const done = daemon.events.filter(({ event }) => event === 'pass.done').length;
  await database.query('UPDATE millrace.checkpoint SET pass_requested_at = clock_timestamp()');
  return daemon.nth('pass.done', done + 1);
}
