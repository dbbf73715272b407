import { randomInt } from 'node:crypto';
import { pack } from '../../../src/archive/record/packed';
import { eventually } from '../../support/eventually';
import { plainModel, plainVersion } from '../../support/plain-writer';
import { type TestDatabase, testPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';
import { type DaemonProcess, daemonProcesses } from '../support/daemon-process';
import { faultProxy, through } from '../support/fault-proxy';
import { caughtUp } from '../support/in-step';
import { becomes } from '../support/roles';

/** Two transactions at once: the position and the rows agree all the same, at every moment. */
const startProcess = daemonProcesses();
const created = '2026-01-01T00:00:00.000001';
let redis: TestRedis;
let postgres: TestDatabase;
let version: string;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
});
beforeEach(async () => {
  await redis.client.flushall();
  await postgres.renew();
  const id = await plainVersion(redis.client, await plainModel(redis.client), { created_at: created });
  version = String(id);
});

const start = (url = postgres.url) =>
  startProcess({ REDIS_URL: redis.url, POSTGRES_URL: url, SYNC_INTERVAL: '3600', MIRROR: 'off' });

const inEntry = 200;
const predictionOf = (id: number) =>
  pack([String(id), created, version, '{"a": [1, 2, 3]}', '{}', '0.5', '1', created, '{}']);

/** Entries of 200 predictions each. @returns the id of each entry, with the number of predictions up to it */
async function writeBacklog(
  entries: number,
  idOf: (n: number) => number = (n) => n,
): Promise<ReadonlyMap<string, number>> {
  const upTo = new Map<string, number>();
  for (let entry = 0; entry < entries; entry++) {
    const ids = Array.from({ length: inEntry }, (_unused, index) => idOf(entry * inEntry + index + 1));
    const entryId = await redis.client.xadd(
      'millrace:changes',
      '*',
      'prediction=',
      Buffer.concat(ids.map(predictionOf)),
    );
    upTo.set(String(entryId), (entry + 1) * inEntry);
  }
  return upTo;
}

/** What one snapshot shows: the position, and how many rows there are. */
async function snapshot(): Promise<{
  readonly position: string;
  readonly rows: number;
  readonly different: number;
}> {
  const [row] = await postgres.query(
    'SELECT c.entry_id, (SELECT count(*) FROM predictions) AS rows, (SELECT count(DISTINCT redis_id) FROM predictions) AS different FROM millrace.checkpoint c',
  );
  return {
    position: row?.['entry_id'] as string,
    rows: Number(row?.['rows']),
    different: Number(row?.['different']),
  };
}

/** Sessions of the second writer; it keeps its connection. */
async function secondSessions(condition = 'true'): Promise<number> {
  const [row] = await postgres.query(
    `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'millrace-archive-second' AND datname = current_database() AND ${condition}`,
  );
  return Number(row?.['count']);
}
const secondAtWork = async () => (await secondSessions('xact_start IS NOT NULL')) > 0;

const done = (daemon: DaemonProcess, within = 30_000) => caughtUp({ redis, postgres }, daemon.ended, within);

async function parentsArchived(): Promise<void> {
  const daemon = await start();
  await eventually(async () => expect(await postgres.query('SELECT FROM model_versions')).toHaveLength(1), {
    alive: daemon.ended,
  });
  await daemon.kill();
  await postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
}

test('killed at any moment of a drain, the position covers exactly the rows that are there', async () => {
  await parentsArchived();
  const upTo = await writeBacklog(400);
  let agreed = 0;
  for (let kill = 0; kill < 5; kill++) {
    const daemon = await start();
    const before = await snapshot();
    const more = randomInt(1, 12_000);
    await eventually(
      async () => {
        const { position, rows, different } = await snapshot();
        // The oldest entry stays as a witness; what is before it was trimmed.
        if (upTo.has(position)) {
          expect({ position, rows, different }).toEqual({
            position,
            rows: upTo.get(position),
            different: rows,
          });
          agreed++;
        }
        // The first one until the second writer has been at work, too.
        return rows >= Math.min(before.rows + more, 80_000) && (kill > 0 || (await secondSessions()) > 0);
      },
      { alive: daemon.ended, within: 30_000 },
    );
    await daemon.kill();
    await postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
  }
  const daemon = await start();
  await done(daemon);
  expect(await snapshot()).toMatchObject({ rows: 80_000, different: 80_000 });
  expect(agreed).toBeGreaterThan(5);
}, 90_000);

test('records that come twice, in pages under way at the same time, are there once', async () => {
  await parentsArchived();
  // Every id again 30 entries later, about a page.
  await writeBacklog(300, (n) => n - 30 * inEntry * Math.floor(n / (60 * inEntry)));
  const daemon = await start();
  await done(daemon);
  const { rows, different } = await snapshot();
  expect(rows).toBe(different);
  expect(await postgres.query('SELECT FROM millrace.dead_letters')).toHaveLength(0);
}, 60_000);

test('pages of which some records were applied before go another way, which does not compare each with each', async () => {
  await parentsArchived();
  await writeBacklog(400);
  // As if they had been applied before: COPY is refused, page by page.
  await postgres.query(
    `INSERT INTO predictions (redis_id, "timestamp", input_data, output_data)
     SELECT id, $1::timestamp, '{}', '{}' FROM generate_series(2500, 80000, 2500) id`,
    [created],
  );
  const daemon = await start();
  await done(daemon, 20_000);
  expect(await snapshot()).toMatchObject({ rows: 80_000, different: 80_000 });
  await daemon.kill();
}, 60_000);

test('the connection of the second writer is lost again and again: nothing is lost with it', async () => {
  await parentsArchived();
  await writeBacklog(400);
  const daemon = await start();
  let ended = 0;
  await eventually(
    async () => {
      const killed = await postgres.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace-archive-second' AND datname = current_database() AND xact_start IS NOT NULL`,
      );
      ended += killed.length;
      return ended > 0;
    },
    { alive: daemon.ended, within: 20_000 },
  );
  await done(daemon);
  expect(await snapshot()).toMatchObject({ rows: 80_000, different: 80_000 });
}, 60_000);

test('a commit whose reply never comes, with another transaction behind it, counts once', async () => {
  await parentsArchived();
  const upTo = await writeBacklog(600);
  const proxy = await faultProxy(Number(new URL(postgres.url).port));
  for (let cut = 1; cut <= 3; cut++) {
    // A new daemon each time: after a failure pages go one by one for a while.
    const daemon = await start(through(proxy, postgres.url));
    await eventually(secondAtWork, { alive: daemon.ended });
    proxy.swallowReplyTo('COMMIT\0'); // not READ COMMITTED
    await eventually(() => proxy.cuts() >= cut, { alive: daemon.ended });
    await daemon.kill();
    await postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
    const { position, rows, different } = await snapshot();
    expect({ rows, different }).toEqual({ rows: upTo.get(position), different: upTo.get(position) });
  }
  const daemon = await start();
  await done(daemon);
  expect(await snapshot()).toMatchObject({ rows: 120_000, different: 120_000 });
}, 60_000);

test('frozen with both transactions open, it is replaced, and holds nobody up', async () => {
  await parentsArchived();
  await writeBacklog(500);
  const frozen = await start();
  await eventually(
    async () => {
      if (!(await secondAtWork())) return false;
      frozen.child.kill('SIGSTOP');
      // It may just have been through.
      if (await secondAtWork()) return true;
      frozen.child.kill('SIGCONT');
      return false;
    },
    { alive: frozen.ended, within: 20_000 },
  );
  const [held] = await postgres.query(
    `SELECT array_agg(pid) AS pids FROM pg_locks WHERE relation = 'predictions'::regclass AND mode = 'RowExclusiveLock'`,
  );
  const heir = await start();
  await becomes(heir.archive, 'owner');
  // Postgres itself would end an idle transaction only after 30 s.
  await eventually(
    async () =>
      expect(
        // One that was just being committed is done, and stays connected.
        await postgres.query(
          `SELECT FROM pg_locks WHERE pid = ANY($1) AND relation = 'predictions'::regclass AND mode = 'RowExclusiveLock'`,
          [held?.['pids']],
        ),
      ).toEqual([]),
    { alive: heir.ended, within: 5_000 },
  );
  await done(heir);
  expect(await snapshot()).toMatchObject({ rows: 100_000, different: 100_000 });
  frozen.child.kill('SIGCONT');
  await becomes(frozen.archive, 'standby');
  expect(await snapshot()).toMatchObject({ rows: 100_000, different: 100_000 });
}, 60_000);
