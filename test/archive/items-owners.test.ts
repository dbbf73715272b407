import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from './support/archive';
import { daemonProcesses } from './support/daemon-process';
import { itemMappings } from './support/items';
import { becomes, startPair } from './support/roles';

const archive = useArchive();
const startProcess = daemonProcesses();
const folder = temporaryFolder();
const file = join(folder, 'millrace.yaml');
writeFileSync(file, itemMappings);
const pair = () => startPair(() => startProcess(archive.environment({ MILLRACE_CONFIG: file })));

const tags = 'SELECT tag FROM tags ORDER BY tag::int';
const points = 'SELECT player, points FROM points WHERE deleted_at IS NULL ORDER BY 1';
const lines = 'SELECT place, sku FROM order_lines ORDER BY 1';
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_one, at) => String(from + at));

async function write(from: number, to: number): Promise<void> {
  const { client } = archive.redis;
  for (const one of numbers(from, to))
    await client
      .multi()
      .sadd('tags:a', one)
      .zadd('scores', one, one)
      .rpush('order:a:lines', `{"sku":"${one}"}`)
      .exec();
}

/** What every member from there on comes to. */
async function holds(from: number, to: number, alive: Promise<unknown>): Promise<void> {
  const every = numbers(from, to);
  await eventually(
    async () => {
      expect(await archive.lines(tags)).toEqual(every);
      expect(await archive.lines(points)).toEqual(every.map((one) => `${one}|${one}`));
      expect(await archive.lines(lines)).toEqual(every.map((one, at) => `${at}|${one}`));
    },
    { alive, within: 30_000 },
  );
}

async function takeOut(to: number): Promise<void> {
  const { client } = archive.redis;
  await client
    .multi()
    .srem('tags:a', ...numbers(0, to))
    .zremrangebyrank('scores', 0, to - 1)
    .ltrim('order:a:lines', to, -1)
    .exec();
}

test('items whose owner is killed go on with the standby, and what is taken out then takes its rows', async () => {
  const { owner, standby } = await pair();
  await write(0, 30);
  await holds(0, 30, owner.ended);
  const writing = write(30, 200);
  await owner.kill();
  await becomes(standby.archive, 'owner', 15_000);
  await writing;
  await holds(0, 200, standby.ended);
  await eventually(async () => expect((await standby.archive()).mirror.state).toBe('listening'));
  await takeOut(50);
  await holds(50, 200, standby.ended);
  expect(await archive.letters()).toEqual([]);
}, 90_000);

test('an owner of items that was stopped finds another one when it goes on, and takes nothing of what that wrote', async () => {
  const { owner, standby } = await pair();
  await write(0, 30);
  await holds(0, 30, owner.ended);
  await archive.redis.client.srem('tags:a', '0'); // it may be about to take this row away
  await archive.redis.client.zrem('scores', '0');
  await archive.redis.client.lpop('order:a:lines');
  owner.child.kill('SIGSTOP');
  try {
    await archive.redis.client.sadd('tags:a', '0');
    await archive.redis.client.zadd('scores', '0', '0');
    await archive.redis.client.lpush('order:a:lines', '{"sku":"0"}');
    await write(30, 60);
    await becomes(standby.archive, 'owner', 30_000);
    await holds(0, 60, standby.ended);
    await takeOut(10);
    await holds(10, 60, standby.ended);
  } finally {
    owner.child.kill('SIGCONT');
  }
  await becomes(owner.archive, 'standby', 15_000);
  await write(60, 70);
  await holds(10, 70, standby.ended);
  expect(await archive.letters()).toEqual([]);
}, 120_000);
