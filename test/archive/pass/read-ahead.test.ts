import { ArchiveFullPass } from '../../../src/archive/pass/full-pass';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { kinds } from '../../support/nine-kinds';
import { findTargets, prepareSchema } from '../../../src/archive/schema/preparation';
import type { Targets } from '../../../src/archive/record/target';
import { TruthReader } from '../../../src/archive/truth/truth';
import { loadConfig } from '../../../src/config/load';
import { startRedis } from '../../../src/embedded/redis/redis';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { type PostgresTarget, parsePostgresUrl } from '../../../src/connections/postgres/postgres-url';
import { RedisConnection } from '../../../src/connections/redis';
import { parseRedisUrl } from '../../../src/connections/redis-url';
import { keepLog } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { testPostgres } from '../../support/postgres';
import { temporaryFolder } from '../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../support/stores';

const dataDir = temporaryFolder();
let server: TestRedis;
let redis: RedisConnection;
let postgres: PostgresConnection;
let targets: Targets;

beforeAll(async () => {
  server = await testRedis({ dataDir });
  const target = parseRedisUrl(server.url);
  if (typeof target === 'string') throw new Error(target);
  redis = new RedisConnection(target, 'test');
  await redis.connect();
  postgres = new PostgresConnection(parsePostgresUrl((await testPostgres()).url) as PostgresTarget, 'test');
  await prepareSchema(postgres, aiRegistry, keepLog());
  targets = await findTargets(postgres, aiRegistry);
});
afterAll(() => {
  redis.close();
  postgres.close();
});
beforeEach(async () => {
  await server.client.flushall();
  await server.client.config('RESETSTAT');
  await postgres.query('TRUNCATE predictions');
});

/** Predictions 1 to `count`, all of one time. */
const write = (count: number, time: string) =>
  server.client.eval(
    `for id = 1, ARGV[1] do redis.call('HSET', 'aidb:prediction:' .. id, 'model_version_id', '1', 'timestamp', ARGV[2]) end`,
    0,
    String(count),
    time,
  );
const archive = (rest = '') =>
  postgres.query(
    `INSERT INTO predictions (redis_id, "timestamp", input_data, output_data)
     SELECT n, '2026-01-01T00:00:00Z', '{}', '{}' FROM generate_series(1, 10000) n ${rest}`,
  );
const newPass = (heldBytes?: number, mayGoOn?: () => boolean) =>
  new ArchiveFullPass({
    redis,
    postgres,
    truth: new TruthReader(redis, aiRegistry),
    targets: () => targets,
    strategies: loadConfig({}).onConflict,
    ...(heldBytes === undefined ? {} : { heldBytes }),
    ...(mayGoOn === undefined ? {} : { mayGoOn }),
  });

const scans = async () =>
  Number(/cmdstat_scan:calls=(\d+)/.exec(await server.client.info('commandstats'))?.[1] ?? 0);
/** Until the chunk after `chunks` others has been read. Each takes four steps of SCAN. */
const readAhead = (chunks: number) => eventually(async () => expect(await scans()).toBe(4 * (chunks + 1)));

/** Until the pass is through, as the lane does it. @returns predictions nominated */
async function finish(pass: ArchiveFullPass): Promise<Set<string>> {
  const nominated = new Set<string>();
  let through = false;
  const step = async () => {
    try {
      const found = await pass.step();
      through = found === undefined;
      for (const id of found?.nominated.get('prediction') ?? []) nominated.add(id);
    } catch {
      pass.repeat();
    }
  };
  await eventually(async () => {
    await step();
    return through;
  });
  return nominated;
}

test('one chunk is read ahead, and no more', async () => {
  await write(10_000, '2026-01-01T00:00:00');
  await archive();
  const pass = newPass();
  for (const chunks of [1, 2, 3]) {
    await pass.step();
    await readAhead(chunks);
    await redis.client.ping(); // behind whatever else was asked for
    expect(await scans()).toBe(4 * (chunks + 1));
  }
});

test('what differs is found whatever chunk it is in, and nominated once', async () => {
  await write(10_000, '2026-01-01T00:00:00');
  await archive('WHERE n % 7 > 0');
  const missing = Array.from({ length: 1_428 }, (_, index) => String((index + 1) * 7));
  const pass = newPass();
  expect([...(await finish(pass))].sort()).toEqual(missing.sort());
  expect(Object.fromEntries(pass.differences)).toEqual({ prediction: 1_428 });
});

test('missing predictions that the tail brings before they are handed over are not nominated', async () => {
  await write(10_000, '2026-01-01T00:00:00');
  await archive('WHERE n % 7 > 0');
  const pass = newPass();
  for (let chunk = 0; chunk < 3; chunk++)
    expect(await pass.step()).toEqual({ nominated: new Map(), points: [] });
  await archive('WHERE n % 7 = 0');
  expect((await finish(pass)).size).toBe(0);
});

const calls = async (command: string) =>
  Number(
    new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await server.client.info('commandstats'))?.[1] ?? 0,
  );

test('above the highest id in Postgres nobody asks for creation times, nor record by record', async () => {
  await write(10_000, '2026-01-01T00:00:00');
  await archive('WHERE n <= 100');
  const nominated = [...(await finish(newPass()))];
  expect(nominated).toEqual(Array.from({ length: 9_900 }, (_, index) => String(101 + index)));
  expect(await calls('hget')).toBeLessThan(200); // a hundred: SCAN may tell some twice
  expect(await calls('hmget')).toBe(0);
});

test('what the tail brings above that id is not nominated, wherever it lies', async () => {
  await write(10_000, '2026-01-01T00:00:00');
  await archive('WHERE n <= 100');
  const pass = newPass(undefined, () => true);
  for (let chunk = 0; chunk < 2; chunk++) await pass.step();
  await archive('WHERE n BETWEEN 2001 AND 2500 OR n = 7000');
  const nominated = [...(await finish(pass))];
  const missing = Array.from({ length: 10_000 }, (_, index) => index + 1).filter(
    (n) => n > 100 && !(n >= 2001 && n <= 2500) && n !== 7000,
  );
  expect(nominated).toEqual(missing.map(String));
  expect(Object.fromEntries(pass.differences)).toEqual({ prediction: 9_399 });
});

test('pages that nothing keeps apart follow in one step, and all of them come again when they may not have been applied', async () => {
  await write(10_000, '2026-01-01T00:00:00');
  const pass = newPass(undefined, () => true);
  /** Applies a step as the applier does. */
  const handed = async () => {
    for (;;) {
      const step = await pass.step();
      const ids = [...(step?.nominated.get('prediction') ?? [])];
      for (let more = step?.following?.(); more !== undefined; more = step?.following?.())
        ids.push(...(more.get('prediction') ?? []));
      if (ids.length > 0) return ids;
    }
  };
  const all = Array.from({ length: 10_000 }, (_, index) => String(index + 1));
  expect(await handed()).toEqual(all);
  pass.repeat();
  expect(await handed()).toEqual(all);
  pass.repeat();
  await archive('WHERE n <= 6000'); // part of it was applied all the same
  expect(await handed()).toEqual(all.slice(6_000));
  await finish(pass);
  expect(Object.fromEntries(pass.differences)).toEqual({ prediction: 4_000 });
});

test('what was nominated and not applied is nominated again', async () => {
  await write(10_000, '2026-01-01T00:00:00');
  const pass = newPass();
  const handed = async () => {
    for (;;) {
      const ids = [...((await pass.step())?.nominated.get('prediction') ?? [])];
      if (ids.length > 0) return ids;
    }
  };
  const first = await handed();
  expect(first.length).toBeGreaterThanOrEqual(4_000);
  pass.repeat();
  expect(await handed()).toEqual(first);
  expect((await handed())[0]).toBe(String(first.length + 1));
  await finish(pass);
  expect(Object.fromEntries(pass.differences)).toEqual({ prediction: 10_000 });
});

test('differences that have no room are found by another walk, and in order all the same', async () => {
  await write(10_000, '2026-01-01T00:00:00');
  await server.client.hset('aidb:prediction:123456789012345678', 'timestamp', '2026-01-01T00:00:00');
  const pass = newPass(1_000); // four blocks of 512
  const nominated = [...(await finish(pass))];
  const all = Array.from({ length: 10_000 }, (_, index) => String(index + 1));
  expect(nominated).toEqual([...all, '123456789012345678']);
  expect(Object.fromEntries(pass.differences)).toEqual({ prediction: 10_001 });
  expect(pass.keys).toBeGreaterThan(50_000);
});

test('what was read ahead is dropped after a failure', async () => {
  await write(10_000, '2026-01-01T00:00:00');
  await archive();
  const pass = newPass();
  await pass.step();
  await readAhead(1);
  pass.repeat();
  await pass.step();
  await readAhead(3); // the second one twice
});

test.each(['flushed', 'restarted'])('a Redis %s after a chunk was read ahead', async (how) => {
  await write(10_000, '2026-01-01T00:00:00');
  await archive();
  const pass = newPass();
  await pass.step();
  await readAhead(1);
  if (how === 'flushed') await server.client.flushall();
  else {
    const { port } = server.server;
    await server.server.stop();
    server.server = await startRedis({ dataDir, persist: false, port });
    await eventually(() => redis.client.status === 'ready');
  }
  await write(3, '2026-01-02T00:00:00');
  await postgres.query('DELETE FROM predictions WHERE redis_id > 5000');
  const nominated = [...(await finish(pass))];
  // Whatever is nominated too much is found to be gone before anything is written.
  const truths = await new TruthReader(redis, aiRegistry).read(kinds.prediction, nominated);
  for (const [index, truth] of truths.entries())
    expect(truth.state).toBe(Number(nominated[index]) > 3 ? 'absent' : 'packed');
  expect([...(await finish(newPass()))].sort()).toEqual(['1', '2', '3']);
});
