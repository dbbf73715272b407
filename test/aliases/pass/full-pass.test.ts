import { join } from 'node:path';
import type Database from 'better-sqlite3';
import type { PassTarget } from '../../../src/aliases/pass/chunked-apply';
import { AliasFullPass } from '../../../src/aliases/pass/full-pass';
import { defaultMappings } from '../../../src/mapping/alias-tables';
import { AliasSink } from '../../../src/aliases/sink/sink';
import { AliasSource } from '../../../src/aliases/source/source';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { aliasDatabase } from '../../support/alias-database';
import { temporaryFolder } from '../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../support/stores';

/** A pass alone, a step at a time, and what happens between two of them. */
const folder = temporaryFolder();
let redis: TestRedis;
let connection: RedisConnection;
let sink: AliasSink;
let db: Database.Database;
let source: AliasSource;
let files = 0;

beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  const path = join(folder, `pass-${String(++files)}.db`);
  db = aliasDatabase(path);
  db.pragma('journal_mode = DELETE'); // a writer locks readers out
  const insert = db.prepare('INSERT INTO team_aliases VALUES (1, ?)');
  db.transaction(() => {
    for (let row = 1_000; row < 6_000; row++) insert.run(`alias ${row}`);
  })();
  source = AliasSource.open({ path, mappings: defaultMappings, aliasCase: 'preserve' });
  connection = new RedisConnection(
    redisTarget({ host: '127.0.0.1', port: redis.server.port, db: 0 }),
    'test',
  );
  await connection.connect();
  sink = new AliasSink(connection);
  await sink.adopt((await sink.load()).raw, null);
});
afterEach(() => {
  connection.close();
  source.close();
  db.close();
});

const newPass = (chunk = 1_000, target: PassTarget = sink) =>
  new AliasFullPass({
    connection,
    truths: () => source.truths,
    aliasTruths: () => source.aliasTruths,
    target,
    aliasCase: 'preserve',
    doubtful: () => [],
    onJudged: () => undefined,
    standing: () => 'known',
    force: false,
    chunk,
  });
const leaveStale = async (count: number) => {
  for (let key = 0; key < count; key++) await redis.client.set(`alias:team:gone ${key}`, '["1"]');
};
const stale = () => redis.client.keys('alias:team:gone*');

test('stale keys do not hide behind as many others that are written while keys are counted and compared', async () => {
  await leaveStale(3);
  const pass = newPass();
  await pass.step(); // all keys are counted, and none of the last aliases looked at yet
  const aliases = ['alias 5997', 'alias 5998', 'alias 5999'];
  const team = source.truths.get('team');
  if (team === undefined) throw new Error('no table');
  const { keyspace } = team;
  await sink.send([{ type: 'team', keyspace, aliases, values: team.lookUp(aliases) }]);
  let done = await pass.step();
  while (done === 'more') done = await pass.step();
  expect(done.get('team')).toMatchObject({ total: 5_000, added: 4_997, deleted: 3 });
  expect(await stale()).toEqual([]);
});

test('what SQLite refuses while somebody writes is asked again: no stale key is passed over', async () => {
  let done = await newPass().step();
  const first = newPass();
  while (done === 'more') done = await first.step();
  await leaveStale(90);
  const pass = newPass(250);
  let refused = 0;
  done = 'more';
  while (done === 'more') {
    db.exec('BEGIN EXCLUSIVE');
    try {
      done = await pass.step();
    } catch {
      refused++;
    }
    db.exec('COMMIT');
    if (done === 'more') done = await pass.step();
  }
  expect(refused).toBeGreaterThan(5);
  expect(done.get('team')).toMatchObject({ total: 5_000, deleted: 90 });
  expect(await stale()).toEqual([]);
});

test('the keys that were counted are not scanned again for those that are stale, whatever their names are made of', async () => {
  let done = await newPass().step();
  const first = newPass();
  while (done === 'more') done = await first.step();
  const odd = Buffer.concat([Buffer.from('alias:team:gone '), Buffer.from([0xff, 0x00, 0xc3])]);
  await redis.client.set(odd, '["1"]');
  await redis.client.set('alias:team:gone \u{1F600}', '["1"]');
  await redis.client.set('alias:other:gone', 'of others');
  await redis.client.config('RESETSTAT');
  const pass = newPass();
  done = 'more';
  while (done === 'more') done = await pass.step();
  expect(done.get('team')).toMatchObject({ total: 5_000, added: 0, updated: 0, deleted: 2 });
  expect(await stale()).toEqual([]);
  expect(await redis.client.exists(odd)).toBe(0);
  expect(await redis.client.get('alias:other:gone')).toBe('of others');
  const scans = Number(/cmdstat_scan:calls=(\d+)/.exec(await redis.client.info('commandstats'))?.[1]);
  expect(scans).toBeLessThan(10); // 5,003 keys, a thousand at a time, about
});

test('into an empty Redis a pass writes without looking; a key that has come since is written as its table says, and is none that was added', async () => {
  await redis.client.config('RESETSTAT');
  const pass = newPass();
  let done = await pass.step();
  while (!pass.progress.endsWith('applied')) done = await pass.step();
  await redis.client.set('alias:team:alias 5999', 'of another');
  while (done === 'more') done = await pass.step();
  expect(done.get('team')).toMatchObject({ total: 5_000, added: 4_999, updated: 0, deleted: 0 });
  expect(await redis.client.get('alias:team:alias 5999')).toBe('["1"]');
  expect(await redis.client.dbsize()).toBe(5_001); // and the checkpoint
  const reads = Number(/cmdstat_mget:calls=(\d+)/.exec(await redis.client.info('commandstats'))?.[1] ?? 0);
  expect(reads).toBeLessThan(3); // what was compared before the keys were counted
});

test('a chunk that failed may be there: from then on a pass into an empty Redis looks again', async () => {
  const sent: (boolean | undefined)[] = [];
  const pass = newPass(1_000, {
    send: ([batch]) => {
      if (batch?.type === 'team') sent.push(batch.absent);
      return sent.length === 2 && batch?.type === 'team'
        ? Promise.reject(new Error('the reply was lost'))
        : Promise.resolve({ added: batch?.aliases.length ?? 0, updated: 0, deleted: 0 });
    },
    room: () => Promise.resolve(),
    drain: () => Promise.resolve(),
  });
  let done = await pass.step();
  while (done === 'more') done = await pass.step();
  expect(done.get('team')).toMatchObject({ total: 5_000, added: 5_000 });
  expect(sent.slice(0, 2)).toEqual([true, true]);
  expect(sent.at(-1)).toBe(false);
});

test('where somebody else has applied something while keys were counted, a pass looks before it writes', async () => {
  const sent: (boolean | undefined)[] = [];
  const pass = newPass(1_000, {
    send: (batches) => {
      sent.push(...batches.map(({ absent }) => absent));
      return sink.send(batches);
    },
    room: () => sink.room(),
    drain: () => sink.drain(),
  });
  let done = await pass.step();
  await sink.send([]);
  while (done === 'more') done = await pass.step();
  expect(sent.length).toBeGreaterThan(4);
  expect(sent.filter((absent) => absent === true)).toEqual([]);
});
