import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Redis from 'ioredis';
import { missingRights } from '../../../src/archive/inspect/redis-rights';
import { daemonGrants } from '../../../src/connections/redis-grants';
import { RedisConnection } from '../../../src/connections/redis';
import type { RecordMapping } from '../../../src/mapping/own-records';
import { retentionInForce } from '../../../src/mapping/retention-policy';
import { ensureLibrary } from '../../../src/writer/library';
import { eventually } from '../../support/eventually';
import { runCli } from '../../support/run-cli';
import { temporaryFolder } from '../../support/temporary-folder';
import { useArchive } from '../support/archive';
import { alone, fields, ownArchive, user, withRegistry } from '../support/own-records';
import { daysAgo, dumps, retain } from '../support/retention';

const archive = useArchive();
const folder = temporaryFolder();
const visit: RecordMapping = {
  ...{ ...user, name: 'visit', table: 'visits', none: undefined },
  key: { prefix: 'visit:', parts: [{ column: 'id', type: 'text', rest: true, after: '' }] },
  columns: fields({ page: 'text', at: 'time', seconds: 'float' }),
  ...{ appendOnly: true, retentionDays: 90 },
};
const note: RecordMapping = {
  ...{ ...visit, name: 'note', table: 'notes', holds: 'json' },
  key: { prefix: 'note:', parts: [{ column: 'id', type: 'text', rest: true, after: '' }] },
};
/** A string that is a time and nothing else. */
const seen: RecordMapping = {
  ...{ ...visit, name: 'seen', table: 'seen', holds: 'string' },
  key: { prefix: 'seen:', parts: [{ column: 'id', type: 'text', rest: true, after: '' }] },
  columns: fields({ at: 'time' }).map((column) => ({ ...column, field: '$value' })),
};
const catalogue = withRegistry(visit, note, seen);
const own = ownArchive(archive, catalogue);
/** The same records, of which none leaves Redis. */
const keeping = ownArchive(
  archive,
  withRegistry(...[visit, note, seen].map((one) => ({ ...one, retentionDays: undefined }))),
);
const old = daysAgo(100);
const young = daysAgo(2);
const policy = retentionInForce(undefined, catalogue) ?? {};
const visitIs = (id: string, fields: Readonly<Record<string, string>>) =>
  archive.redis.client.hset(`visit:${id}`, fields);
const noteIs = (id: string, fields: object | string) =>
  archive.redis.client.set(`note:${id}`, typeof fields === 'string' ? fields : JSON.stringify(fields));
const keys = async () => (await archive.redis.client.keys('[vn]*')).sort();
const counts = 'SELECT (SELECT count(*) FROM visits), (SELECT count(*) FROM notes)';

/** What Redis says of keys from now on. */
async function eventsOf(pattern: string): Promise<() => readonly string[]> {
  const told: string[] = [];
  const listener = archive.redis.client.duplicate();
  listener.on('pmessage', (_pattern, channel: string, event: string) => {
    told.push(`${channel.slice(channel.indexOf(':') + 1)} ${event}`);
  });
  await listener.psubscribe(`__keyspace@0__:${pattern}`);
  listeners.push(listener);
  return () => told;
}
const listeners: Redis[] = [];
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.disconnect();
});

/** Old ones that are equal, and one for each reason to stay. */
async function seed(): Promise<void> {
  await visitIs('old', { page: '/', at: old, seconds: '0.5' });
  await visitIs('ö\n', { at: old });
  await visitIs('young', { page: '/', at: young });
  await visitIs('timeless', { page: '/' });
  await visitIs('extra', { page: '/', at: old, more: 'x' });
  await visitIs('changed', { page: '/', at: old });
  await visitIs('unfit', { page: '/', at: old, seconds: 'many' });
  await visitIs('expiring', { page: '/', at: old });
  await archive.redis.client.expire('visit:expiring', 10_000);
  await noteIs('old', { page: 'é', at: old, seconds: 1e-7 });
  await noteIs('young', { at: young });
  await noteIs('extra', { at: old, more: 1 });
  await noteIs('changed', { at: old });
  await noteIs('large', { at: old, page: 'x'.repeat(1_200_000) });
  await archive.redis.client.hset('note:hash', 'at', old);
}
const staying = [
  'note:changed',
  'note:extra',
  'note:hash',
  'note:young',
  'visit:changed',
  'visit:extra',
  'visit:timeless',
  'visit:unfit',
  'visit:young',
];

test('records that are old, and exactly what their rows are, leave Redis; all others stay, each with its reason', async () => {
  await seed();
  const daemon = await keeping.start();
  await daemon.stop();
  await visitIs('changed', { page: '/other' });
  await noteIs('changed', { at: old, page: 'other' });
  const before = await dumps(archive.redis.client);
  const environment = archive.environment();
  const dry = await retain({ environment, policy, catalogue, dryRun: true });
  expect(dry.kinds).toMatchObject({
    visit: {
      removed: 3,
      kept: { unfit: { count: 2 }, extra: { count: 1 }, differs: { count: 1, examples: ['visit:changed'] } },
    },
    note: { removed: 2, kept: { extra: { count: 1 }, differs: { count: 1 } } },
  });
  expect(await dumps(archive.redis.client)).toEqual(before);
  const small = await retain({ environment: { ...environment, MAX_RECORD_SIZE: '1MB' }, policy, catalogue });
  expect(small.kinds['note']).toMatchObject({ removed: 1, kept: { large: { examples: ['note:large'] } } });
  const report = await retain({ environment, policy, catalogue });
  expect(report.kinds['note']).toMatchObject({ removed: 1 });
  await eventually(async () => expect(await keys()).toEqual(staying));
  expect(await archive.lines(counts)).toEqual(['7|5']);
}, 60_000);

test('what changes while it is looked at stays', async () => {
  for (let id = 0; id < 5; id++) {
    await visitIs(String(id), { page: '/', at: old });
    await noteIs(String(id), { at: old });
  }
  const daemon = await keeping.start();
  await daemon.stop();
  // Changed by the time that Postgres has said that they are equal.
  await archive.postgres.query(
    `CREATE FUNCTION millrace.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;
     CREATE TRIGGER wait BEFORE INSERT OR UPDATE ON millrace.retention FOR EACH ROW EXECUTE FUNCTION millrace.wait()`,
  );
  const holder = await archive.postgres.pool.connect();
  await holder.query('SELECT pg_advisory_lock(7)');
  const running = retain({ environment: archive.environment(), policy, catalogue });
  try {
    await eventually(
      async () => {
        const { rows } = await holder.query(
          `SELECT FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()`,
        );
        expect(rows).toHaveLength(1);
      },
      { alive: running },
    );
    await visitIs('1', { page: 'changed' });
    await noteIs('1', { at: old, page: 'changed' });
  } finally {
    await holder.query('SELECT pg_advisory_unlock(7)');
    holder.release();
  }
  const { kinds } = await running;
  await archive.postgres.query('DROP FUNCTION millrace.wait() CASCADE');
  expect(kinds).toMatchObject({
    visit: { removed: 4, kept: { changed: { count: 1 } } },
    note: { removed: 4 },
  });
  await eventually(async () => expect((await keys()).sort()).toContain('visit:1'));
}, 60_000);

test('a string leaves when it is old and its row says the same; one of another form, or changed, stays', async () => {
  const { client } = archive.redis;
  const all = { old, 'ö\n': old, young, changed: old, unfit: 'yesterday', spaced: ` ${old}`, empty: '' };
  for (const [id, value] of Object.entries(all)) await client.set(`seen:${id}`, value);
  await client.set('seen:expiring', old, 'EX', 10_000);
  await client.hset('seen:hash', 'at', old);
  const daemon = await keeping.start();
  await daemon.stop();
  await client.set('seen:changed', daysAgo(99));
  await client.set('seen:new', old); // Postgres has not got it
  const environment = archive.environment();
  const running = { environment, policy, catalogue };
  expect((await retain({ ...running, dryRun: true })).kinds['seen']).toMatchObject({ removed: 3 });
  const { kinds } = await retain(running);
  expect(kinds['seen']).toMatchObject({
    removed: 3,
    kept: { differs: { count: 1, examples: ['seen:changed'] } },
  });
  await eventually(async () =>
    expect((await client.keys('seen:*')).sort()).toEqual(
      ['changed', 'empty', 'hash', 'new', 'spaced', 'unfit', 'young'].map((id) => `seen:${id}`),
    ),
  );
  expect(
    await archive.lines('SELECT count(*) FROM seen WHERE id IN ($1, $2, $3)', ['old', 'ö\n', 'expiring']),
  ).toEqual(['3']);
}, 60_000);

test('a daemon does so after its passes, and nothing that leaves is a deletion', async () => {
  await seed();
  // The daemon adds what its mirror needs, in which `expired` (x) is not.
  await archive.redis.client.config('SET', 'notify-keyspace-events', 'Kx');
  const told = await eventsOf('[vn]*');
  const daemon = await own.start();
  await eventually(async () => expect(await keys()).not.toContain('visit:old'), { within: 20_000 });
  await visitIs('last', { page: 'last', at: young });
  await archive.becomes(`SELECT count(*) FROM visits WHERE page = 'last'`, ['1']);
  await archive.pass(daemon);
  await eventually(
    async () =>
      expect(await keys()).toEqual(
        [...staying.filter((key) => !key.endsWith('changed')), 'visit:last'].sort(),
      ),
    {
      within: 20_000,
    },
  );
  await eventually(() =>
    expect(told()).toEqual(expect.arrayContaining(['visit:old expired', 'note:old expired'])),
  );
  expect(told().filter((one) => one.endsWith(' del'))).toEqual([]);
  expect(await archive.lines(counts)).toEqual(['8|5']);
  const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
  expect(metrics).toMatch(/millrace_retention_removed_total\{[^}]*kind="visit"[^}]*\} [3-9]/);
}, 60_000);

test('the verb takes the days of the file, and the grants that the mappings name are enough', async () => {
  writeFileSync(
    join(folder, 'millrace.yaml'),
    `version: 1
records:
  visit: { key: "visit:{id*}", table: visits, hash: { page: text, at: time }, append_only: true, retention: 90d }
`,
  );
  const { client, url } = archive.redis;
  const mine = alone({ ...visit, columns: fields({ page: 'text', at: 'time' }) });
  await visitIs('old', { page: '/', at: old });
  const environment = { ...archive.environment(), MILLRACE_ONLY: 'archive' };
  expect((await runCli(['run', '--once'], environment, folder)).code).toBe(0);
  await ensureLibrary(client);
  const rules = daemonGrants(mine).match(/\([^)]*\)|\S+/g) ?? [];
  await client.call('ACL', 'SETUSER', 'daemon', 'reset', 'on', '>secret', ...rules);
  await client.call('ACL', 'LOG', 'RESET');
  const named = new URL(url);
  named.username = 'daemon';
  named.password = 'secret';
  const ran = await runCli(['retention'], { ...environment, REDIS_URL: named.href }, folder);
  expect(ran.output).toContain('1 visits (about ');
  expect(ran.code).toBe(0);
  await eventually(async () => expect(await keys()).toEqual([]));
  expect(await client.call('ACL', 'LOG')).toEqual([]);
  await client.call('ACL', 'SETUSER', 'daemon', 'clearselectors');
  const config = own.config({ REDIS_URL: named.href });
  const connections = [
    new RedisConnection(config.redis, 'a'),
    new RedisConnection(config.redis, 'b'),
  ] as const;
  for (const connection of connections) await connection.connect();
  expect(await missingRights(connections[0].client, connections[1].client, 0, mine)).toContain('(~visit:* +pexpire)'); // prettier-ignore
  for (const connection of connections) connection.close();
}, 90_000);
