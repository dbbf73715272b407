import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { planRecords } from '../../src/archive/inspect/plan-records';
import { traceRecord } from '../../src/archive/inspect/trace';
import { requirePostgres } from '../../src/config/load';
import { daemonGrants } from '../../src/connections/redis-grants';
import { describeRecordTrace } from '../../src/terminal/describe-trace';
import { tellRecordPlan } from '../../src/terminal/describe-plan';
import { parseTraced } from '../../src/terminal/trace-key';
import { ensureLibrary } from '../../src/writer/library';
import { eventually } from '../support/eventually';
import { runCli } from '../support/run-cli';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from './support/archive';
import { alone, cart, ownArchive, session, user, withRegistry } from './support/own-records';

const folder = temporaryFolder();
const archive = useArchive();
const catalogue = withRegistry(user, session, cart);
const own = ownArchive(archive, catalogue);
const write = (key: string, fields: Readonly<Record<string, string>>) =>
  archive.redis.client.hset(key, fields);

test('trace tells where a key is: not captured, applied, parked, only in Postgres', async () => {
  const config = own.config();
  const trace = async (key: string) => {
    const traced = parseTraced(key, config);
    if (traced.of !== 'record') throw new Error('no record');
    return traceRecord(config, requirePostgres(config), traced.kind, traced.id);
  };
  const daemon = await own.start();
  await write('user:1', { email: 'a@b.c', seen_at: '2026-01-05T14:30:00' });
  await write('cart:1/a b:c', { amount: '2' });
  await archive.becomes('SELECT item FROM carts', ['a b:c']);
  expect(await trace('cart:1/a b:c')).toMatchObject({
    key: 'cart:1/a b:c',
    kind: 'cart',
    verdict: { state: 'applied', sentence: 'Applied: row 1 a b:c of carts, equal to Redis.' },
    archive: { rows: [{ table: 'carts', id: '1 a b:c', created: null }], differences: [] },
  });
  expect(describeRecordTrace(await trace('user:1'))).toContain(
    'row 1 of users\n           seen_at 2026-01-05 14:30:00',
  );
  await archive.redis.client.del('user:1');
  expect((await trace('user:1')).verdict.state).toBe('only in Postgres');
  await write('user:2', { email: 'a@b.c', age: 'x' });
  await archive.untilParked('user:2');
  const { state, sentence } = (await trace('user:2')).verdict;
  expect(state).toBe('parked');
  expect(sentence).toContain('age "x" is not a whole number');
  await daemon.stop();
  await write('user:3', { email: 'unheard' });
  expect((await trace('user:3')).verdict.state).toBe('not captured');
  await archive.postgres.query(`UPDATE users SET email = 'other' WHERE id = 1`);
  await write('user:1', { email: 'a@b.c' });
  expect((await trace('user:1')).archive?.differences).toEqual([
    { change: 'different', columns: ['email', 'seen_at'] },
  ]);
  expect(() => parseTraced('user:me', config)).toThrow(
    'user:me is not of the form of the keys of user, and so no record',
  );
  expect(() => parseTraced('nothing', config)).toThrow('nothing is no key of ours');
  expect(parseTraced('model:1', config)).toMatchObject({ kind: 'model' });
}, 60_000);

test('verbs know records of the file by their names', async () => {
  const file = join(folder, 'mine.yaml');
  writeFileSync(
    file,
    'version: 1\nrecords:\n  visit-log: { key: "visit:{id:int}", table: visits, hash: { n: int!, at: time } }\n',
  );
  await write('visit:1', { n: '1' });
  await write('visit:2', { n: 'two' });
  const environment = archive.environment({ MILLRACE_ONLY: 'archive' });
  const cli = (...args: string[]) => runCli([...args, '--config', file], environment, folder);
  const once = await cli('run', '--once');
  expect(once.output).toContain('  Visit-log: 1\n  Errors: 1');
  expect(await archive.lines('SELECT id, n FROM visits')).toEqual(['1|1']);
  const list = await cli('dead-letters', 'list', '--kind', 'visit-log');
  expect(list.code).toBe(2);
  expect(list.output).toMatch(/visit:2.*22P02.*n/s);
  const unknown = await cli('dead-letters', 'list', '--kind', 'visits');
  expect(unknown.output).toContain(
    'there is no kind visits: the kinds are visit-log, and ? for what is none',
  );
  const traced = await cli('trace', 'visit:1');
  expect(traced.code).toBe(0);
  expect(traced.output).toContain('Applied: row 1 of visits, equal to Redis.');
  await write('visit:1', { n: '2' });
  const planned = await cli('config', 'plan');
  expect(planned.output).toContain(
    'record visit-log: visit:{id:int} to table visits, which is in place; 2 keys, 2 to be written',
  );
  expect(planned.code).toBe(3);
  const dry = await cli('reconcile', '--only', 'archive', '--dry-run');
  expect(dry.output).toMatch(/visit:1[^]*n/);
}, 90_000);

test('the rights that the grants name are enough: listening, scanning, reading, and none is tried beyond them', async () => {
  const { client, url } = archive.redis;
  await ensureLibrary(client);
  await client.config('SET', 'notify-keyspace-events', 'Kg$shz');
  const only = alone(user, cart);
  const rules = daemonGrants(only).match(/\([^)]*\)|\S+/g) ?? [];
  await client.call('ACL', 'SETUSER', 'daemon', 'reset', 'on', '>secret', ...rules);
  await client.call('ACL', 'LOG', 'RESET');
  const named = new URL(url);
  named.username = 'daemon';
  named.password = 'secret';
  await write('user:1', { email: 'found' });
  await ownArchive(archive, only).start({ REDIS_URL: named.href });
  await write('cart:1/x', { amount: '1' });
  await archive.becomes('SELECT item FROM carts', ['x']);
  await client.del('cart:1/x');
  await archive.becomes('SELECT item FROM carts', []);
  expect(await client.call('ACL', 'LOG')).toEqual([]);
}, 60_000);

test('a key with what means something to patterns is that key, and no other', async () => {
  const odd = { ...user, key: { ...user.key, prefix: 'a*[b]?\\:' } };
  const ours = ownArchive(archive, withRegistry(odd));
  await write('a*[b]?\\:1', { email: 'found' });
  await write('axxb1\\:7', { email: 'another one’s' });
  await ours.start();
  await write('a*[b]?\\:2', { email: 'heard' });
  await eventually(async () =>
    expect(await archive.lines('SELECT id FROM users ORDER BY 1')).toEqual(['1', '2']),
  );
}, 60_000);

test('what records would do is said before it is done: tables, what they lack, keys, and what is in the way', async () => {
  const config = own.config();
  const plan = () => planRecords(config, requirePostgres(config));
  await write('user:1', { email: 'a@b.c' });
  await write('user:2', { email: 'b@b.c' });
  await archive.postgres.query(
    'CREATE TABLE public.sessions (sid text PRIMARY KEY); CREATE TABLE public.carts (user_id bigint, item text, must int NOT NULL)',
  );
  const before = await plan();
  expect(before.map(({ name, state, keys, differ }) => [name, state, keys, differ])).toEqual([
    ['user', 'new table', 2, 2],
    ['session', 'adopted', 0, 0],
    ['cart', 'stopped', 0, 0],
  ]);
  const text = tellRecordPlan(before).join('\n');
  expect(text).toContain(
    'record user: user:{id:int} to table users, which is made; 2 keys, 2 to be written\n  + table users',
  );
  expect(text).toContain('  + column sessions.user_id: ALTER TABLE "sessions" ADD COLUMN "user_id" bigint;');
  expect(text).toContain('  ! public.carts.must (integer) is NOT NULL without a default');
  expect(await archive.lines(`SELECT to_regclass('public.users')`)).toEqual(['']);
  const daemon = await own.start();
  await daemon.stop();
  await write('user:2', { email: 'changed' });
  const after = await plan();
  expect(after.map(({ name, state, keys, differ }) => [name, state, keys, differ])).toEqual([
    ['user', 'in place', 2, 1],
    ['session', 'in place', 0, 0],
    ['cart', 'stopped', 0, 0],
  ]);
}, 60_000);
