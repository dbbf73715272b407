import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { traceRecord } from '../../src/archive/inspect/trace';
import { requirePostgres } from '../../src/config/load';
import type { RecordMapping } from '../../src/mapping/own-records';
import { RecordWriter } from '../../src/writer/record-writer';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from './support/archive';
import { daemonProcesses } from './support/daemon-process';
import {
  cart,
  fields,
  ownArchive,
  type OwnArchive,
  session,
  user,
  withRegistry,
} from './support/own-records';

// Writes of the user's own keys by millrace_hset, millrace_set and millrace_del, which nobody has to hear: the mirror is off throughout.

const archive = useArchive();
const startProcess = daemonProcesses();
const folder = temporaryFolder();
const profile: RecordMapping = {
  ...{ ...session, name: 'profile', table: 'profiles', holds: 'json', parents: [] },
  key: { prefix: 'profile:', parts: [{ type: 'text', rest: false, after: '', column: 'id' }] },
  columns: fields({ name: 'text!', n: 'int' }),
};
const own: OwnArchive = ownArchive(archive, withRegistry(user, session, cart, profile));
const start = () =>
  startDaemon({ POSTGRES_URL: archive.postgres.url }, { config: own.config({ MIRROR: 'off' }) });

let writer: RecordWriter;
beforeAll(() => {
  writer = new RecordWriter(archive.redis.url);
});
afterAll(() => writer.close());

const at = '2026-01-05T14:30:00';

test('hashes, JSON and deletions of the user’s own reach Postgres though nobody hears them', async () => {
  await start();
  await archive.redis.client.hset('user:9', 'email', 'nobody hears');
  await writer.hset('user:1', { email: 'a@b.c', age: 7, active: true, seen_at: new Date(`${at}Z`) });
  await writer.hset('session:s', { started_at: at, user_id: 1 });
  await writer.hset('cart:1/a b', { amount: 2n, note: Buffer.from([0, 255]) });
  await writer.set('profile:p', '{"name": "P", "n": 1}');
  await archive.becomes('SELECT id, email, age, active, seen_at FROM users', [
    `1|a@b.c|7|t|2026-01-05 14:30:00+00`,
  ]);
  await archive.becomes('SELECT sid, user_id, deleted_at FROM sessions', ['s|1|']);
  await archive.becomes(`SELECT user_id, item, amount, encode(note, 'hex') FROM carts`, ['1|a b|2|00ff']);
  await archive.becomes('SELECT id, name, n, deleted_at FROM profiles', ['p|P|1|']);
  expect(await writer.hset('user:1', { age: 8, plan: 'gold', email: undefined })).toBe(1);
  expect(await writer.del('session:s', 'cart:1/a b', 'profile:p', 'user:5')).toBe(3);
  await writer.set('profile:p', '{"name": "again"}');
  await archive.becomes('SELECT age, tier FROM users', ['8|gold']);
  await archive.becomes('SELECT deleted_at IS NOT NULL FROM sessions', ['t']);
  await archive.becomes('SELECT item FROM carts', []);
  await archive.becomes('SELECT name, n, deleted_at FROM profiles', ['again||']);
  expect(await archive.letters()).toEqual([]);
}, 60_000);

test('any command that writes one key is told: fields go, and the last one is a deletion', async () => {
  await start();
  await writer.hset('user:1', { email: 'a@b.c', age: 7 });
  await writer.hset('session:s', { started_at: at });
  await archive.becomes('SELECT age FROM users', ['7']);
  expect(await writer.write('user:1', 'HDEL', 'age')).toBe(1);
  expect(await writer.write('user:1', 'HINCRBYFLOAT', 'score', 0.5)).toBe('0.5');
  await archive.becomes('SELECT email, age, score FROM users', ['a@b.c||0.5']);
  expect(await writer.write('session:s', 'HDEL', 'started_at')).toBe(1);
  await archive.becomes('SELECT deleted_at IS NOT NULL FROM sessions', ['t']);
  expect(await archive.letters()).toEqual([]);
}, 60_000);

test('a key of the registry is told in the same way', async () => {
  await start();
  const id = await archive.store.createModel({ name: 'm' });
  await archive.becomes('SELECT name, description FROM models', ['m|']);
  await writer.hset(`aidb:model:${id}`, { description: 'told' });
  await archive.becomes('SELECT name, description FROM models', ['m|told']);
}, 60_000);

test('points that are taken out of a metric of the registry stay, as they do without the functions; so does the metric', async () => {
  const config = own.config({ MIRROR: 'off', ON_DELETE: 'delete' });
  await startDaemon({ POSTGRES_URL: archive.postgres.url }, { config });
  const { store } = archive;
  const version = await store.createModelVersion({
    ...{ modelId: await store.createModel({ name: 'm' }), version: '1' },
  });
  const run = await store.createTrainingRun({ modelVersionId: version });
  const point = { metricName: 'loss', epoch: 1, step: 1 };
  await store.logMetrics(run, [
    { ...point, metricValue: 1 },
    { ...point, epoch: 2, metricValue: 2 },
  ]);
  await archive.becomes('SELECT metric_value FROM metrics ORDER BY 1', ['1', '2']);
  expect(await writer.write(`aidb:metric:${run}:loss:train`, 'ZPOPMIN')).toHaveLength(2);
  await writer.hset('user:1', { email: 'later in the stream' });
  await archive.becomes('SELECT id FROM users', ['1']);
  expect(await archive.lines('SELECT metric_value FROM metrics ORDER BY 1')).toEqual(['1', '2']);
}, 60_000);

test('a value that does not fit is parked, and the next write of its key tried', async () => {
  await start();
  await writer.hset('user:1', { email: 'a@b.c', age: 'seven' });
  await archive.untilParked('user:1');
  await writer.hset('user:1', { age: 7 });
  await archive.becomes('SELECT age FROM users', ['7']);
  expect(await archive.letters()).toEqual([]);
}, 60_000);

test('a key that no mapping has is written, counted, and told once for all that begin alike', async () => {
  const daemon = await start();
  for (let id = 0; id < 120; id++) await writer.hset(`usr:${id}`, { email: 'x' });
  await writer.hset('user:me', { email: 'x' });
  await writer.del('usr:7');
  await writer.hset('user:1', { email: 'a@b.c' });
  await archive.becomes('SELECT id FROM users', ['1']);
  const told = daemon.log.lines.filter(({ message }) => message.includes('is of no record'));
  expect(told.map(({ message }) => message)).toEqual([
    expect.stringContaining('the key "usr:0" was written by millrace_hset'),
    expect.stringContaining('the key "user:me" was written by'),
  ]);
  const { incidents } = (await daemon.status()).archive;
  expect(incidents.filter(({ what }) => what.includes('is of no record'))).toHaveLength(2);
  const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
  expect(metrics).toContain('millrace_unmapped_keys_total{pipeline="archive"} 122');
  expect(await archive.letters()).toEqual([]);
  expect(await archive.redis.client.hget('usr:8', 'email')).toBe('x');
}, 60_000);

test('trace finds a key in what waits in the stream', async () => {
  const daemon = await start();
  await daemon.stop();
  await writer.hset('user:1', { email: 'a@b.c' });
  await writer.hset('user:2', { email: 'a@b.c' });
  await writer.del('user:2');
  const trace = (id: string) => {
    const config = own.config();
    return traceRecord(config, requirePostgres(config), 'user', Buffer.from(id));
  };
  expect((await trace('1')).archive?.waiting.entries).toMatchObject([{ says: 'changed', before: 0 }]);
  expect((await trace('2')).archive?.waiting.entries).toMatchObject([
    { says: 'changed' },
    { says: 'deleted' },
  ]);
  expect((await trace('3')).archive?.waiting.entries).toEqual([]);
}, 60_000);

test('RecordWriter refuses what it cannot write, and what the key cannot take', async () => {
  const refusal = { code: 'E_WRITE_REFUSED', kind: 'record' };
  await archive.redis.client.set('user:1', 'text');
  await expect(writer.hset('user:1', { a: '1' })).rejects.toMatchObject(refusal);
  await expect(writer.hset('user:2', {})).rejects.toThrow('nothing to write');
  await expect(writer.hset('user:2', { at: new Date(NaN) })).rejects.toMatchObject(refusal);
  await expect(writer.del()).rejects.toThrow('no key is given');
  expect(await archive.redis.client.keys('*')).toEqual(['user:1']);
});

const mappings = `version: 1
records:
  user: { key: "user:{id:int}", table: users, hash: { n: int! }, on_delete: delete }
  profile: { key: "profile:{id:int}", table: profiles, json: { n: int! }, on_delete: mark }
`;

test('a thousand keys written and deleted without a mirror, and kill -9 at any moment: each is its row', async () => {
  const file = join(folder, 'millrace.yaml');
  writeFileSync(file, mappings);
  const environment = archive.environment({ MILLRACE_CONFIG: file, MIRROR: 'off' });
  const present = new Map<string, number>();
  const everWritten = new Set<number>();
  let rounds = 0;
  const stop = new AbortController();
  const running = (async () => {
    while (!stop.signal.aborted) {
      const id = randomInt(0, 500);
      rounds++;
      if (rounds % 5 === 0) {
        await writer.del(`user:${id}`, `profile:${id}`);
        present.delete(`user:${id}`);
        present.delete(`profile:${id}`);
        continue;
      }
      await Promise.all([
        writer.hset(`user:${id}`, { n: rounds }),
        writer.set(`profile:${id}`, JSON.stringify({ n: rounds })),
      ]);
      present.set(`user:${id}`, rounds).set(`profile:${id}`, rounds);
      everWritten.add(id);
    }
  })();
  for (let kill = 0; kill < 3; kill++) {
    const daemon = await startProcess(environment);
    await eventually(async () => expect((await daemon.archive()).role).toBe('owner'), {
      alive: daemon.ended,
    });
    const [before, more] = [rounds, randomInt(100, 1_500)];
    await eventually(() => rounds - before > more, { alive: daemon.ended });
    await daemon.kill();
    await archive.postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
  }
  const last = await startProcess(environment);
  await eventually(async () => expect((await last.archive()).role).toBe('owner'), { alive: last.ended });
  await eventually(() => everWritten.size > 490, { alive: last.ended });
  stop.abort();
  await running;
  const expected = [...present].map(([key, n]) => `${key}|${n}`).sort();
  await eventually(
    async () => {
      const users = await archive.lines(`SELECT 'user:' || id, n FROM users`);
      const profiles = await archive.lines(
        `SELECT 'profile:' || id, n FROM profiles WHERE deleted_at IS NULL`,
      );
      expect([...users, ...profiles].sort()).toEqual(expected);
    },
    { alive: last.ended, within: 30_000 },
  );
  expect(await archive.letters()).toEqual([]);
}, 120_000);
