import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChainableCommander } from 'ioredis';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from './support/archive';
import { daemonProcesses } from './support/daemon-process';
import { itemMappings } from './support/items';

const archive = useArchive();
const startProcess = daemonProcesses();
const folder = temporaryFolder();

const pick = <T>(list: readonly T[]): T => list[randomInt(0, list.length)] as T;
const few = (most: number): string[] =>
  Array.from({ length: randomInt(1, 4) }, () => String(randomInt(0, most)));
const tags = (): string => `tags:${randomInt(0, 4)}`;
const settings = (): string => `settings:${randomInt(1, 4)}`;
const order = (): string => `order:${randomInt(0, 3)}:lines`;
const line = (): string => `{"sku":"${randomInt(0, 9)}"}`;

type Write = (pipeline: ChainableCommander) => unknown;

/** Commands that take nothing out of a key. */
const adding: readonly Write[] = [
  (to) => to.sadd(tags(), ...few(30)),
  (to) => to.sadd(tags(), ...few(30)),
  (to) => to.hset(settings(), pick(['a', 'b', '', 'c\n']), String(randomInt(0, 99))),
  (to) => to.hset(settings(), pick(['d', 'e', 'é']), String(randomInt(0, 99))),
  (to) => to.hincrby(settings(), 'count', 1),
  (to) => to.zadd('scores', randomInt(0, 99), String(randomInt(0, 50))),
  (to) => to.zincrby('scores', 0.25, String(randomInt(0, 50))),
  (to) => to.rpush(order(), line()),
  (to) => to.lpush(order(), line()),
  (to) => to.linsert(order(), 'BEFORE', line(), line()),
  (to) => to.incr(`count:${randomInt(0, 9)}`),
];

/** Commands that make, change and take away what keys hold. */
const commands: readonly Write[] = [
  ...adding,
  (to) => to.srem(tags(), ...few(30)),
  (to) => to.spop(tags()),
  (to) => to.smove(tags(), tags(), String(randomInt(0, 30))),
  (to) => to.sunionstore(tags(), tags(), tags()),
  (to) => to.sdiffstore(tags(), tags(), tags()),
  (to) => to.copy(tags(), tags(), 'REPLACE'),
  (to) => to.sadd('elsewhere', ...few(30)).rename('elsewhere', tags()),
  (to) => to.del(tags()),
  (to) => to.hdel(settings(), pick(['a', 'b', '', 'd', 'count'])),
  (to) => to.unlink(settings()),
  (to) => to.zrem('scores', ...few(50)),
  (to) => to.zpopmin('scores'),
  (to) => to.zremrangebyscore('scores', randomInt(0, 50), randomInt(50, 60)),
  (to) => to.lpop(order()),
  (to) => to.rpop(order()),
  (to) => to.lrem(order(), 1, line()),
  (to) => to.lmove(order(), order(), 'LEFT', 'RIGHT'),
  (to) => to.ltrim(order(), 0, 9),
  (to) => to.del(`count:${randomInt(0, 9)}`),
];

/** Writes without an end. @returns what stops it */
function busy(these = commands) {
  let rounds = 0;
  const stop = new AbortController();
  const running = (async () => {
    while (!stop.signal.aborted) {
      const pipeline = archive.redis.client.pipeline();
      for (let at = 0; at < 10; at++) pick(these)(pipeline);
      await pipeline.exec(); // some find a key that is not there
      rounds++;
    }
  })();
  return {
    rounds: () => rounds,
    stop: () => {
      stop.abort();
      return running;
    },
  };
}

/** What Redis holds, as lines of rows. */
async function held(): Promise<string[]> {
  const { client } = archive.redis;
  const lines: string[] = [];
  for (const key of await client.keys('*')) {
    const id = key.replace(/^\w+:/, '').replace(/:lines$/, '');
    if (key.startsWith('tags:')) for (const tag of await client.smembers(key)) lines.push(`tag|${id}|${tag}`);
    if (key.startsWith('settings:'))
      for (const [name, value] of Object.entries(await client.hgetall(key)))
        lines.push(`setting|${id}|${name}|${value}`);
    if (key.startsWith('order:'))
      for (const [at, text] of (await client.lrange(key, 0, -1)).entries())
        lines.push(`line|${id}|${at}|${(JSON.parse(text) as { sku: string }).sku}`);
    if (key.startsWith('count:')) lines.push(`count|${id}|${await client.get(key)}`);
  }
  const scores = await client.zrange('scores', 0, -1, 'WITHSCORES');
  for (let at = 0; at < scores.length; at += 2) lines.push(`point|${scores[at]}|${scores[at + 1]}`);
  return lines.sort();
}

const rows = async (): Promise<string[]> =>
  (
    await archive.lines(
      `SELECT concat_ws('|', 'tag', doc, tag) FROM tags UNION ALL SELECT concat_ws('|', 'setting', user_id, name, value) FROM settings
       UNION ALL SELECT concat_ws('|', 'line', id, place, sku) FROM order_lines UNION ALL SELECT concat_ws('|', 'count', page, views) FROM counts
       UNION ALL SELECT concat_ws('|', 'point', player, points) FROM points WHERE deleted_at IS NULL`,
    )
  ).sort();

const environment = () => {
  const file = join(folder, 'millrace.yaml');
  writeFileSync(file, itemMappings);
  return archive.environment({ MILLRACE_CONFIG: file });
};

const listening = async (): ReturnType<typeof startProcess> => {
  const daemon = await startProcess(environment());
  await eventually(async () => expect((await daemon.archive()).mirror.state).toBe('listening'), {
    alive: daemon.ended,
  });
  return daemon;
};

test('whatever commands write and take away, and in whatever order: the rows are what Redis holds', async () => {
  await archive.redis.client.hset('user:1', { name: 'a' });
  await archive.redis.client.multi().hset('user:2', { name: 'b' }).hset('user:3', { name: 'c' }).exec();
  const daemon = await listening();
  for (let round = 0; round < 5; round++) {
    const writer = busy();
    const wanted = randomInt(5, 300);
    await eventually(() => writer.rounds() > wanted, { alive: daemon.ended });
    await writer.stop();
    const expected = await held();
    await eventually(async () => expect(await rows()).toEqual(expected), {
      alive: daemon.ended,
      within: 30_000,
    });
  }
  expect(await archive.letters()).toEqual([]);
}, 120_000);

/** Daemons that are killed while commands are executed. */
async function killed(writer: ReturnType<typeof busy>): Promise<void> {
  for (let kill = 0; kill < 2; kill++) {
    const daemon = await startProcess(environment());
    await eventually(async () => expect((await daemon.archive()).role).toBe('owner'), {
      alive: daemon.ended,
    });
    const [before, wanted] = [writer.rounds(), randomInt(5, 500)];
    await eventually(() => writer.rounds() - before > wanted, { alive: daemon.ended });
    await daemon.kill();
    await archive.postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
  }
}

test('kill -9 at any moment: every record is its row, once, and no row is left over', async () => {
  const { client } = archive.redis;
  await client.hset('user:1', { name: 'a' });
  await client.multi().hset('user:2', { name: 'b' }).hset('user:3', { name: 'c' }).exec();
  const growing = busy(adding);
  await killed(growing);
  await growing.stop();
  const grown = await listening();
  await eventually(async () => expect(await rows()).toEqual(await held()), {
    alive: grown.ended,
    within: 30_000,
  });
  await grown.kill();
  await archive.postgres.query('UPDATE millrace.checkpoint SET owner = NULL');

  const writer = busy();
  await killed(writer);
  const last = await listening();
  await writer.stop();
  const expected = await held();
  // What was taken away while nobody listened keeps its row: everything else is as in Redis.
  await eventually(
    async () => {
      const found = new Set(await rows());
      expect(expected.filter((one) => !found.has(one))).toEqual([]);
    },
    { alive: last.ended, within: 30_000 },
  );
  // Each row follows its key, which takes with it what was left by then.
  const again = client.multi().zadd('scores', 1, '51');
  for (let at = 0; at < 10; at++) again.set(`count:${at}`, '1').sadd(`tags:${at % 5}`, 'again');
  for (const at of [0, 1, 2])
    again.hset(`settings:${at + 1}`, 'again', '1').rpush(`order:${at}:lines`, line());
  await again.exec();
  const every = await held();
  await eventually(async () => expect(await rows()).toEqual(expect.arrayContaining(every)), {
    alive: last.ended,
  });
  await client.del(await client.keys('[tsoc]*'));
  await eventually(async () => expect(await rows()).toEqual([]), { alive: last.ended });
  expect(await archive.letters()).toEqual([]);
}, 120_000);
