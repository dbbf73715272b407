import { readFileSync } from 'node:fs';
import { pack } from '../../../src/archive/record/packed';
import { eventually } from '../../support/eventually';
import { plainModel, plainVersion } from '../../support/plain-writer';
import { testPostgres, type TestPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';
import { daemonProcesses } from '../support/daemon-process';
import { faultProxy, through } from '../support/fault-proxy';

/** A backlog of hundreds of thousands of changes waits in Redis, not in the daemon. */
const startProcess = daemonProcesses();
let redis: TestRedis;
let postgres: TestPostgres;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
});

/** The most memory the process ever held, in megabytes. */
const peakMemory = (pid: number | undefined): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]) / 1024;

const carried = 275_000;
const plain = 25_000;
const created = '2026-01-01T00:00:00.000001';
const input = JSON.stringify({ features: Array.from({ length: 20 }, (_unused, n) => n / 7) });

/** As the function library writes them: with their contents in the stream. */
async function writeCarried(version: string): Promise<void> {
  for (let first = 1; first <= carried; first += 5_000) {
    const pipeline = redis.client.pipeline();
    for (let id = first; id < first + 5_000; id++) {
      const record = pack([String(id), created, version, input, '{}', '0.5', '1', created, '{}']);
      pipeline.xadd('millrace:changes', '*', 'prediction=', record);
    }
    await pipeline.exec();
  }
}

async function writePlain(version: string): Promise<void> {
  for (let first = carried + 1; first <= carried + plain; first += 2_500) {
    const pipeline = redis.client.pipeline();
    for (let id = first; id < first + 2_500; id++) {
      const record = { id, model_version_id: version, input, output: '{}', timestamp: created };
      pipeline.hset(`aidb:prediction:${id}`, record);
    }
    await pipeline.exec();
  }
}

const rows = async () => Number((await postgres.query('SELECT count(*) FROM predictions'))[0]?.['count']);

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  '300,000 changes that wait for Postgres, and their way into it, take the daemon less than 250 MB',
  async () => {
    const proxy = await faultProxy(Number(new URL(postgres.url).port));
    const url = through(proxy, postgres.url);
    const daemon = await startProcess({ REDIS_URL: redis.url, POSTGRES_URL: url, SYNC_INTERVAL: '3600' });
    const version = String(
      await plainVersion(redis.client, await plainModel(redis.client), { created_at: created }),
    );
    await eventually(async () =>
      expect(await postgres.query('SELECT version FROM model_versions')).toHaveLength(1),
    );
    await eventually(async () => expect((await daemon.archive()).mirror.state).toBe('listening'));
    proxy.block();
    await writeCarried(version);
    await writePlain(version);
    expect(await rows()).toBe(0);
    expect(peakMemory(daemon.child.pid)).toBeLessThan(250);
    proxy.open();
    await eventually(async () => expect(await rows()).toBe(carried + plain), {
      alive: daemon.ended,
      within: 60_000,
    });
    expect(peakMemory(daemon.child.pid)).toBeLessThan(250);
    await eventually(async () => expect((await daemon.archive()).lagRecords).toBe(0));
    await eventually(async () => expect(await redis.client.xlen('millrace:changes')).toBe(1));
  },
  100_000,
);
