import { ArchiveFullPass } from '../../../src/archive/pass/full-pass';
import { Differences } from '../../../src/archive/pass/differences';
import { findTargets } from '../../../src/archive/schema/preparation';
import type { Targets } from '../../../src/archive/record/target';
import { TruthReader } from '../../../src/archive/truth/truth';
import { loadConfig, requirePostgres } from '../../../src/config/load';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { RedisConnection } from '../../../src/connections/redis';
import { parseRedisUrl } from '../../../src/connections/redis-url';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { useArchive } from '../support/archive';

const archive = useArchive();
let redis: RedisConnection;
let postgres: PostgresConnection;
let targets: Targets;

beforeEach(async () => {
  const target = parseRedisUrl(archive.redis.url);
  if (typeof target === 'string') throw new Error(target);
  redis = new RedisConnection(target, 'test');
  await redis.connect();
  postgres = new PostgresConnection(requirePostgres(loadConfig(archive.environment())), 'test');
  targets = await findTargets(postgres, aiRegistry);
});
afterEach(() => {
  jest.restoreAllMocks();
  redis.close();
  postgres.close();
});

const write = (id: string, time: string) =>
  archive.redis.client.hset(`aidb:prediction:${id}`, 'model_version_id', '1', 'timestamp', time);
const archived = (id: string, time: string) =>
  archive.postgres.query(
    `INSERT INTO predictions (redis_id, "timestamp", input_data, output_data) VALUES ($1, $2, '{}', '{}')`,
    [id, time],
  );
const newPass = (heldBytes?: number) =>
  new ArchiveFullPass({
    ...{ redis, postgres, truth: new TruthReader(redis, aiRegistry), targets: () => targets },
    strategies: loadConfig({}).onConflict,
    ...(heldBytes === undefined ? {} : { heldBytes }),
  });

/** @param onStep called before each step. @returns the predictions that are nominated, in order */
async function nominated(pass: ArchiveFullPass, onStep: (progress: string) => unknown = () => undefined) {
  const ids: string[] = [];
  for (;;) {
    await onStep(pass.progress);
    const found = await pass.step();
    if (found === undefined) return ids;
    ids.push(...(found.nominated.get('prediction') ?? []));
  }
}

/** Of which records Postgres is asked by their identities. */
function askedFor(): string[] {
  const ids: string[] = [];
  jest.spyOn(Differences.prototype, 'missing').mockImplementation((_name, records) => {
    ids.push(...records.map(({ id }) => id));
    return Promise.resolve(records);
  });
  return ids;
}

const moments = [
  ['2026-01-05T14:30:00.123456', '2026-01-05 14:30:00.123456'],
  ['2026-01-05 14:30:00', '2026-01-05 14:30:00'],
  ['2026-01-05T14:30:00.5+02:00', '2026-01-05 12:30:00.5'],
  ['2026-01-05T14:30:00.123Z', '2026-01-05 14:30:00.123'],
  ['1999-12-31T23:59:59.999999', '1999-12-31 23:59:59.999999'],
  ['2000-02-29T00:00:00.000000', '2000-02-29 00:00:00'],
  ['1815-12-10T00:00:00.000001', '1815-12-10 00:00:00.000001'],
] as const;

test.each(['timestamp', 'timestamptz'])(
  'records that Postgres has are told from their ids and times alone, in a column of the type %s',
  async (type) => {
    await archive.postgres.query(`ALTER TABLE predictions ALTER "timestamp" TYPE ${type} USING NULL`);
    targets = await findTargets(postgres, aiRegistry);
    for (const [at, [time, row]] of moments.entries()) {
      await write(String(at + 1), time);
      await archived(String(at + 1), `${row}Z`);
    }
    const asked = askedFor();
    expect(await nominated(newPass())).toEqual([]);
    expect(asked).toEqual([]);
  },
);

test('whatever is not surely the same is asked for, and what Postgres does not have is nominated', async () => {
  const time = '2026-01-05T14:30:00.123456';
  for (const id of ['1', '2', '3', '4', '5', '6']) await write(id, time);
  await archived('1', time);
  await archived('2', '2026-01-05T14:30:00.123457Z'); // of another life of Redis
  await archived('3', '2025-01-05T14:30:00Z'); // the same, and this life's
  await archived('3', time);
  await archived('7', time); // Redis has it no more
  await archive.redis.client.hset('aidb:prediction:4', 'timestamp', 'yesterday');
  await archive.redis.client.del('aidb:prediction:5');
  await archive.redis.client.set('aidb:prediction:5', 'no hash');
  expect(await nominated(newPass())).toEqual(['2', '4', '5', '6']);
});

test('times that a number does not tell from each other are compared by Postgres', async () => {
  await write('1', '9999-12-31T23:59:59.999999');
  await write('2', '9999-12-31T23:59:59.999999');
  await write('3', '0001-01-01T00:00:00.000000');
  await archived('1', '9999-12-31 23:59:59.999998Z');
  await archived('2', '9999-12-31 23:59:59.999999Z');
  await archived('3', '0001-01-01 00:00:00Z');
  expect(await nominated(newPass())).toEqual(['1']);
});

test('a column that rounds has what it made of the times', async () => {
  await archive.postgres.query('ALTER TABLE predictions ALTER "timestamp" TYPE timestamp(3)');
  targets = await findTargets(postgres, aiRegistry);
  await write('1', '2026-01-05T14:30:00.123456');
  await archived('1', '2026-01-05T14:30:00.123456');
  expect(await nominated(newPass())).toEqual([]);
});

test('a record that is deleted after the walk has met it is no difference', async () => {
  await write('1', '2026-01-05T14:30:00.123456');
  await archived('2', '2026-01-05T14:30:00.123456'); // so that it is not above the highest
  const pass = newPass();
  await pass.step();
  await archive.redis.client.del('aidb:prediction:1');
  expect(await nominated(pass)).toEqual([]);
  expect(pass.keys).toBe(1);
});

test('rows of lives before, however many, hide nothing', async () => {
  await archive.postgres.query(
    `INSERT INTO predictions (redis_id, "timestamp", input_data, output_data)
     SELECT id, timestamp '2020-01-01' + life * interval '1 day', '{}', '{}' FROM generate_series(1, 500) id, generate_series(1, 9) life`,
  );
  await archive.redis.client.eval(
    `for id = 1, 500 do redis.call('HSET', 'aidb:prediction:' .. id, 'timestamp', '2020-01-10T00:00:00') end`,
    0,
  );
  await archive.postgres.query(`DELETE FROM predictions WHERE redis_id = 77 AND "timestamp" = '2020-01-10'`);
  expect(await nominated(newPass())).toEqual(['77']);
});

test('records that have no room to wait, and those with large numbers, are compared at once', async () => {
  const time = '2026-01-05T14:30:00.123456';
  const large = ['1234567890123456', '9223372036854775807', '9223372036854775806'];
  // Far from each other: each takes a block of its own.
  const ids = [...Array.from({ length: 40 }, (_, at) => String(1 + at * 5_000)), ...large];
  for (const id of ids) {
    await write(id, time);
    await archived(id, time);
  }
  const missing = ['5001', '100001', '195001', '1234567890123456'];
  await archive.postgres.query('DELETE FROM predictions WHERE redis_id = ANY ($1::bigint[])', [missing]);
  expect(await nominated(newPass(2_000))).toEqual(missing);
});

test('a page whose comparison fails is compared again', async () => {
  await archive.redis.client.eval(
    `for id = 1, 3000 do redis.call('HSET', 'aidb:prediction:' .. id, 'timestamp', '2020-01-10T00:00:00') end`,
    0,
  );
  await archive.postgres.query(
    `INSERT INTO predictions (redis_id, "timestamp", input_data, output_data)
     SELECT id, '2020-01-10', '{}', '{}' FROM generate_series(1, 3000) id WHERE id % 1000 > 0`,
  );
  await archived('3001', '2020-01-10');
  const pass = newPass();
  const missing = jest.spyOn(Differences.prototype, 'missing');
  for (let time = 0; time < 3; time++) missing.mockRejectedValueOnce(new Error('the connection is lost'));
  let failures = 0;
  const found: string[] = [];
  for (;;) {
    try {
      const step = await pass.step();
      if (step === undefined) break;
      found.push(...(step.nominated.get('prediction') ?? []));
    } catch {
      failures++;
      pass.repeat();
    }
  }
  expect(found).toEqual(['1000', '2000', '3000']);
  expect(failures).toBe(3);
});

test('what waits to be compared is not counted as compared', async () => {
  await write('1', '2026-01-05T14:30:00.123456');
  await archived('1', '2026-01-05T14:30:00.123456');
  const told: string[] = [];
  await nominated(newPass(), (progress) => told.push(progress));
  expect(told[0]).toBe('0 keys compared, 0 differ');
  expect(told.at(-1)).toBe('1 keys compared, 0 differ');
});
