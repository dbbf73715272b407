import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type ArchiveCheckpoint, judge } from '../../../src/archive/position/continuity';
import {
  incarnationKey,
  parseFacts,
  readRedisFacts,
  type RedisFacts,
} from '../../../src/archive/position/redis-facts';
import { loadConfig } from '../../../src/config/load';
import { startRedis } from '../../../src/embedded/redis/redis';
import { RedisConnection } from '../../../src/connections/redis';
import { eventually } from '../../support/eventually';
import { temporaryFolder } from '../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../support/stores';
import { aiRegistry } from '../../../src/mapping/ai-registry';

const folder = temporaryFolder();
/** Saved when asked, not by itself: a stop without a save is a return to the last snapshot. */
const options = { dataDir: folder, persist: false, extraArgs: ['--dbfilename', 'dump.rdb'] };
let redis: TestRedis;
let connection: RedisConnection;
let checkpoint: ArchiveCheckpoint;
beforeAll(async () => {
  redis = await testRedis(options);
  connection = new RedisConnection(loadConfig({ REDIS_URL: redis.url }).redis, 'test');
  await connection.connect();
});

const stream = 'millrace:changes';
const write = async (count = 1) => {
  const { client } = redis;
  let last = '';
  for (let made = 0; made < count; made++) {
    const id = await client.incr('aidb:counter:prediction');
    last = (await client.xadd(stream, '*', 'prediction', String(id))) ?? '';
    await client.hset(`aidb:prediction:${id}`, { id });
  }
  return last;
};
/** What the daemon does after a commit: remembers, and trims below its position. */
const commit = async (entryId: string) => {
  await redis.client.xtrim(stream, 'MINID', '=', entryId);
  const seen = parseFacts(JSON.parse(JSON.stringify(await facts(entryId))));
  checkpoint = { incarnation: seen?.incarnation ?? null, entryId, seen };
};
const facts = (entryId = checkpoint.entryId): Promise<RedisFacts> =>
  readRedisFacts(connection, entryId, aiRegistry);
const verdict = async () => judge(checkpoint, await facts());
const restart = async () => {
  const { port } = redis.server;
  await redis.server.stop();
  redis.server = await startRedis({ ...options, port });
  await eventually(() => redis.client.ping());
  await eventually(() => connection.connect());
};

afterAll(() => {
  connection.close();
});
beforeEach(async () => {
  await redis.client.flushall();
  await redis.client.set(incarnationKey, 'life1');
  await write(3);
  await commit(await write());
});

test('the facts are what Redis holds', async () => {
  await redis.client.set('aidb:counter:run', 'garbage');
  await redis.client.hset('aidb:counter:model', 'of', 'another type');
  expect(await facts()).toEqual({
    runId: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
    replication: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
    incarnation: 'life1',
    stream: {
      exists: true,
      length: 1,
      firstId: checkpoint.entryId,
      lastGeneratedId: checkpoint.entryId,
      entriesAdded: 4,
    },
    counters: {
      model: null,
      version: null,
      dataset: null,
      run: 'garbage',
      experiment: null,
      prediction: '4',
    },
    entryAt: true,
  });
  expect(await verdict()).toEqual({ verdict: 'continue', needsPass: false });
});

test('a stream never written and one emptied are not the same', async () => {
  await redis.client.xtrim(stream, 'MAXLEN', 0);
  expect((await facts()).stream).toMatchObject({
    exists: true,
    length: 0,
    firstId: null,
    lastGeneratedId: checkpoint.entryId,
  });
  await redis.client.del(stream);
  expect((await facts('0-0')).stream).toEqual({
    exists: false,
    length: 0,
    firstId: null,
    lastGeneratedId: '0-0',
    entriesAdded: null,
  });
});

test('a key of another type: an incarnation is lost, a stream is an error with a remedy', async () => {
  await redis.client.multi().del(incarnationKey).hset(incarnationKey, 'a', 'b').exec();
  expect((await facts()).incarnation).toBeNull();
  await redis.client.set(stream, 'mine');
  await expect(facts()).rejects.toMatchObject({ code: 'E_STREAM_TYPE', kind: 'fatal' });
});

test('a restart with all data goes on, after a full pass', async () => {
  await write(2);
  await redis.client.save();
  await restart();
  expect(await verdict()).toEqual({ verdict: 'continue', needsPass: true });
});

test('data of another master, taken over without a restart, ask for a full pass', async () => {
  const other = await testRedis();
  await redis.client.replicaof('127.0.0.1', other.server.port);
  await eventually(async () =>
    expect(await redis.client.info('replication')).toContain('master_link_status:up'),
  );
  await redis.client.replicaof('NO', 'ONE');
  await commit(await write());
  await redis.client.replicaof('127.0.0.1', other.server.port);
  await eventually(async () =>
    expect(await redis.client.info('replication')).toContain('master_link_status:up'),
  );
  expect((await verdict()).needsPass).toBe(true);
  await redis.client.replicaof('NO', 'ONE');
});

test.each([0, 2, 50])('an older snapshot, with %i entries written since, is seen', async (since) => {
  await redis.client.save();
  const snapshot = join(folder, 'kept.rdb');
  copyFileSync(join(folder, 'dump.rdb'), snapshot);
  await commit(await write(10));
  await redis.client.save();
  const { port } = redis.server;
  await redis.server.stop();
  renameSync(snapshot, join(folder, 'dump.rdb'));
  redis.server = await startRedis({ ...options, port });
  await eventually(() => redis.client.ping());
  await eventually(() => connection.connect());
  await write(since);
  const { verdict: found, incident } = await verdict();
  expect(found).toBe('backwards');
  expect(incident).toMatch(
    since === 50 ? /an older state was restored/ : /counter prediction was 14 and is (4|6)/,
  );
});

test('keys put back by RESTORE, within one run, are seen', async () => {
  const keys = [stream, incarnationKey, 'aidb:counter:prediction'];
  const dumps = await Promise.all(keys.map((key) => redis.client.dumpBuffer(key)));
  await commit(await write(5));
  await redis.client.flushall();
  for (const [index, key] of keys.entries())
    await redis.client.restore(key, 0, dumps[index] ?? Buffer.alloc(0));
  await write();
  expect(await verdict()).toMatchObject({
    verdict: 'backwards',
    incident: expect.stringContaining('was 9 and is 5') as unknown,
  });
});

test('FLUSHALL is seen, before and after somebody writes again', async () => {
  await redis.client.flushall();
  expect((await verdict()).verdict).toBe('backwards');
  await write(9);
  expect((await verdict()).verdict).toBe('backwards');
});

test('a deleted stream is a gap, before and after somebody writes again', async () => {
  await redis.client.del(stream);
  expect((await verdict()).verdict).toBe('gap');
  await write(9);
  expect((await verdict()).verdict).toBe('gap');
});

test('a stranger who trims what was not read makes a gap; one who trims below it does not', async () => {
  await write(9);
  await redis.client.xtrim(stream, 'MAXLEN', 10);
  expect(await verdict()).toEqual({ verdict: 'continue', needsPass: false });
  await redis.client.xtrim(stream, 'MAXLEN', 4);
  expect(await verdict()).toMatchObject({ verdict: 'gap', needsPass: true });
});

test('a deleted counter is an incident; without our incarnation key nobody can tell this Redis from one that was flushed', async () => {
  await redis.client.del('aidb:counter:prediction');
  expect(await verdict()).toMatchObject({
    verdict: 'continue',
    needsPass: true,
    incident: expect.stringContaining('counter prediction was 4 and is gone') as unknown,
  });
  await commit(checkpoint.entryId);
  await redis.client.del(incarnationKey);
  expect(await verdict()).toMatchObject({
    verdict: 'backwards',
    needsPass: true,
    incident: expect.stringContaining('incarnation') as unknown,
  });
});
