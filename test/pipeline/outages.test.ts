import { storeFacts } from '../../src/aliases/inspect/store-facts';
import { aliasIncidentStore, incidentsKey } from '../../src/aliases/sink/incident-store';
import { archiveIncidentStore } from '../../src/archive/position/incident-store';
import { archiveStoreFacts } from '../../src/archive/inspect/store-facts';
import { loadConfig, requirePostgres } from '../../src/config/load';
import { type Incident, parseIncidents } from '../../src/pipeline/incidents/incident';
import { PostgresConnection } from '../../src/connections/postgres/postgres';
import { RedisConnection } from '../../src/connections/redis';
import { faultProxy, through } from '../archive/support/fault-proxy';
import { bothPipelines } from '../metrics/support/daemon';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';

const both = bothPipelines();

/** Outages of a store, or by another name. */
const of = (list: readonly Incident[], name: string) =>
  list.filter(({ outage }) => (outage?.store ?? outage?.code) === name);
const inRedis = async () => parseIncidents((await both.redis.client.get(incidentsKey)) ?? '[]');
const inPostgres = () =>
  both.postgres.query(
    'SELECT store, code, ended_at IS NOT NULL AS over, what FROM millrace.incidents ORDER BY began_at',
  );

async function proxies() {
  const { redis, postgres } = both;
  const [toRedis, toPostgres] = await Promise.all(
    [redis.url, postgres.url].map((url) => faultProxy(Number(new URL(url).port))),
  );
  if (toRedis === undefined || toPostgres === undefined) throw new Error('unreachable');
  const changes = {
    REDIS_URL: through(toRedis, redis.url),
    POSTGRES_URL: through(toPostgres, postgres.url),
  };
  return { toRedis, toPostgres, changes };
}

const archiveOf = async (daemon: TestDaemon) => (await daemon.status()).archive;

test('an outage of Postgres is told while it lasts, since when and why, and kept over restarts', async () => {
  const { toPostgres, changes } = await proxies();
  const daemon = await both.start(changes);
  const before = Date.now();
  toPostgres.refuse();
  await eventually(async () => {
    const { away, failure, failingSince, role, incidents } = await archiveOf(daemon);
    expect({ away, code: failure?.code, role }).toEqual({
      away: 'Postgres',
      code: 'E_PG_UNREACHABLE',
      role: 'uncertain', // a standby may own the stream by now
    });
    expect(Math.abs((failingSince ?? 0) - before)).toBeLessThan(3_000);
    expect(of(incidents, 'Postgres').map(({ outage }) => outage?.endedAt)).toEqual([null]);
  });
  expect((await daemon.status()).aliases).toMatchObject({ away: null, failingSince: null });
  expect((await daemon.status()).health).toMatchObject({
    archive: { level: 'bad' },
    aliases: { level: 'ok' },
    overall: { level: 'bad', says: '1 trouble' },
  });
  toPostgres.open();
  await eventually(async () => {
    expect(await inPostgres()).toEqual([
      {
        store: 'Postgres',
        code: 'E_PG_UNREACHABLE',
        over: true,
        what: expect.stringMatching(/^Postgres: .+ \(E_PG_UNREACHABLE\)$/) as unknown,
      },
    ]);
  });
  expect(await archiveOf(daemon)).toMatchObject({ away: null, failingSince: null, role: 'owner' });
  await daemon.stop();

  const next = await both.start();
  await eventually(async () => {
    const [incident, ...others] = of((await archiveOf(next)).incidents, 'Postgres');
    expect(others).toEqual([]);
    expect(Math.abs((incident?.at ?? 0) - before)).toBeLessThan(3_000);
    // It was over after the role was uncertain: 5 s after a sign of life that may be a second older than the outage.
    expect(incident?.outage?.endedAt).toBeGreaterThan(before + 3_500);
  });
  await next.stop();
  // And without any daemon.
  const config = loadConfig({
    REDIS_URL: both.redis.url,
    POSTGRES_URL: both.postgres.url,
    DB_PATH: both.path,
  });
  expect(of((await archiveStoreFacts(config, requirePostgres(config))).incidents, 'Postgres')).toHaveLength(
    1,
  );
}, 60_000);

test('two daemons that see Redis go leave one outage in each target, in that of the archive while it lasts', async () => {
  const { toRedis, changes } = await proxies();
  const [one, two] = [await both.start(changes), await both.start(changes)];
  const since = Date.now();
  toRedis.refuse();
  await eventually(async () => {
    for (const daemon of [one, two]) {
      const { aliases, archive } = await daemon.status();
      expect([aliases.away, archive.away]).toEqual(['Redis', 'Redis']);
      expect(of(aliases.incidents, 'Redis')).toHaveLength(1);
    }
    // One that is killed now leaves it there.
    expect((await inPostgres()).filter(({ store }) => store === 'Redis')).toEqual([
      expect.objectContaining({ over: false }),
    ]);
  });
  toRedis.open();
  await eventually(
    async () => {
      const [kept, ...others] = of(await inRedis(), 'Redis');
      expect(others).toEqual([]);
      expect(kept?.at).toBeGreaterThan(since - 3_000);
      expect(kept?.outage?.endedAt).toBeGreaterThan(since);
      expect((await inPostgres()).filter(({ store }) => store === 'Redis')).toEqual([
        expect.objectContaining({ over: true }),
      ]);
    },
    { within: 25_000 },
  );
}, 60_000);

test('a daemon that was killed: the next one tells since when nothing was applied, in both pipelines', async () => {
  await (await both.start()).stop();
  // As kill -9 leaves it.
  await both.postgres.query(
    "UPDATE millrace.checkpoint SET owner = 'gone:1', heartbeat = now() - interval '1 hour'",
  );
  const applied = (
    JSON.parse((await both.redis.client.get('millrace:aliases:checkpoint')) ?? '') as { at: number }
  ).at;
  const { toRedis, changes } = await proxies();
  toRedis.refuse();
  // Something that is no list, in its place.
  await both.redis.client.del(incidentsKey);
  await both.redis.client.lpush(incidentsKey, 'mine');
  const daemon = await startDaemon(
    { DB_PATH: both.path, MILLRACE_ONLY: '', SYNC_INTERVAL: '3600', ...changes },
    { awaitPass: false },
  );
  await eventually(async () => {
    expect(of((await daemon.status()).aliases.incidents, 'Redis')).toHaveLength(1);
  });
  toRedis.open();
  await eventually(async () => {
    const { aliases, archive } = await daemon.status();
    expect(of(aliases.incidents, 'Redis').at(-1)?.outage?.lastAppliedAt).toBe(applied);
    const [silence] = of(archive.incidents, 'E_SILENT_OWNER');
    expect(silence?.what).toBe('took over the stream from gone:1');
    expect((silence?.outage?.endedAt ?? 0) - (silence?.at ?? 0)).toBeGreaterThan(3_500_000);
    expect(of(await inRedis(), 'Redis')).not.toEqual([]);
  });
  const config = loadConfig({ REDIS_URL: both.redis.url, DB_PATH: both.path });
  expect(of((await storeFacts(config)).incidents, 'Redis')).not.toEqual([]);
}, 60_000);

test('a table of incidents that somebody has to himself, or grants to nobody, holds up neither pipeline nor status', async () => {
  const config = loadConfig({
    REDIS_URL: both.redis.url,
    POSTGRES_URL: both.postgres.url,
    DB_PATH: both.path,
  });
  const target = requirePostgres(config);
  await (await both.start()).stop(); // migrated
  const [somebody, pipeline] = [
    new PostgresConnection(target, 'somebody'),
    new PostgresConnection(target, 'us'),
  ];
  try {
    await somebody.transaction(async (transaction) => {
      await transaction.execute('LOCK TABLE millrace.incidents IN ACCESS EXCLUSIVE MODE');
      const since = performance.now();
      await expect(archiveIncidentStore(pipeline).update((list) => list)).rejects.toMatchObject({
        code: 'E_PG_BUSY',
      });
      expect(await archiveStoreFacts(config, target)).toMatchObject({ migrated: true, incidents: [] });
      expect(performance.now() - since).toBeLessThan(8_000); // a lock is waited for ten seconds
    });
    await both.postgres.query(
      "CREATE ROLE lesser LOGIN PASSWORD 'lesser'; GRANT USAGE ON SCHEMA millrace TO lesser; GRANT SELECT ON ALL TABLES IN SCHEMA millrace TO lesser; REVOKE ALL ON millrace.incidents FROM lesser",
    );
    const url = new URL(both.postgres.url);
    url.username = url.password = 'lesser';
    const lesser = loadConfig({ REDIS_URL: both.redis.url, POSTGRES_URL: url.href, DB_PATH: both.path });
    expect(await archiveStoreFacts(lesser, requirePostgres(lesser))).toMatchObject({ incidents: [] });
    await both.postgres.query('DROP OWNED BY lesser; DROP ROLE lesser');
  } finally {
    somebody.close();
    pipeline.close();
  }
}, 60_000);

test('a list of incidents in Redis that is larger than a reply may be ends no connection, and makes room', async () => {
  const { client } = both.redis;
  await client.setrange(incidentsKey, 20 * 1024 ** 2, 'x');
  const config = loadConfig({ REDIS_URL: both.redis.url, DB_PATH: both.path, MAX_RECORD_SIZE: '1MB' });
  const connection = new RedisConnection(config.redis, 'us');
  try {
    await connection.connect();
    const incident = { id: 'a', at: Date.now(), what: 'it', by: 'me', outage: null };
    const store = aliasIncidentStore(connection);
    expect(await store.read()).toEqual([]);
    expect(await store.update((stored) => [...stored, incident])).toEqual([incident]);
    expect(await inRedis()).toEqual([incident]);
  } finally {
    connection.close();
    await client.del(incidentsKey);
  }
});
