import type Redis from 'ioredis';
import { mirror$, type MirrorEvent, type MirrorOptions } from '../../../src/archive/mirror/mirror';
import { NominationQueue } from '../../../src/archive/mirror/nomination-queue';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { eventually } from '../../support/eventually';
import type { TestRedis } from '../../support/stores';
import { aiRegistry } from '../../../src/mapping/ai-registry';

/** No function library writes here. */
export const noEchoes: MirrorOptions['echoes'] = { has: () => false, settle: () => Promise.resolve() };

export interface TestMirror {
  readonly events: MirrorEvent[];
  /** Rejects if the mirror, which never ends by itself, has. */
  readonly running: Promise<void>;
  readonly stop: () => Promise<void>;
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Place {
  readonly db?: number;
  /** Of a proxy, for the subscription or for the writes. */
  readonly port?: number;
  readonly writePort?: number;
  readonly awaitSubscription?: boolean;
  readonly username?: string;
  readonly password?: string;
}

/** A mirror of its own beside the test's client, stopped after the test. */
export async function startMirror(
  redis: TestRedis,
  options: Partial<MirrorOptions> = {},
  { db = 0, port, writePort, awaitSubscription = true, ...user }: Place = {},
): Promise<TestMirror> {
  const { host, port: own } = redis.server;
  const target = redisTarget({ host, port: port ?? own, db, ...user });
  const connection = new RedisConnection(redisTarget({ host, port: writePort ?? own, db }), 'test');
  await connection.connect();
  const abort = new AbortController();
  const events: MirrorEvent[] = [];
  const running = new Promise<void>((resolve, reject) => {
    mirror$({
      catalogue: aiRegistry,
      target,
      connection,
      signal: abort.signal,
      echoes: noEchoes,
      ...options,
    }).subscribe({ next: (event) => events.push(event), complete: resolve, error: reject });
  });
  const stop = async () => {
    abort.abort();
    await running;
    connection.close();
  };
  stops.push(stop);
  if (awaitSubscription) await eventually(() => has(events, 'subscribed').length > 0, { alive: running });
  return { events, running, stop };
}

/** Counts the events that have arrived from now on, sent or not; until the end of the test. */
export function countArrivals(): () => number {
  const arrived = jest.spyOn(NominationQueue.prototype, 'add');
  stops.push(() => {
    arrived.mockRestore();
    return Promise.resolve();
  });
  return () => arrived.mock.calls.length;
}

/** A batch that waits for so many keys, or for the stop: never for the clock, which is another one on a busy machine. */
export const untilKeys = (flushAt: number) => ({ flushMs: 60_000, flushAt });

/** The events of one type. */
export const has = <T extends MirrorEvent['type']>(events: readonly MirrorEvent[], type: T) =>
  events.filter((event): event is Extract<MirrorEvent, { type: T }> => event.type === type);

/** What an entry says of each record: a list of ids is as many pairs. */
export const pairsOf = (fields: readonly Buffer[]): [field: string, value: Buffer][] =>
  fields.flatMap((field, index): [string, Buffer][] => {
    const value = fields[index + 1];
    if (index % 2 === 1 || value === undefined) return [];
    const name = field.toString();
    if (!name.endsWith('*')) return [[name, value]];
    return value
      .toString()
      .split(' ')
      .map((id) => [name.slice(0, -1), Buffer.from(id)]);
  });

/** Every pair of the stream, in order. */
export async function mirrored(client: Redis): Promise<[field: string, value: Buffer][]> {
  const entries = await client.xrangeBuffer('millrace:changes', '-', '+');
  return entries.flatMap(([, fields]) => pairsOf(fields));
}
