import { renameSync } from 'node:fs';
import { faultProxy, through } from '../archive/support/fault-proxy';
import { bothPipelines, valuesOf } from '../metrics/support/daemon';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { untilNotReady, untilReady } from './support/readiness';

const both = bothPipelines();
const others = bothPipelines();

test('a Redis that is frozen shows within seconds, in both pipelines, and what is not known is not shown', async () => {
  const daemon = await both.start();
  await untilReady(daemon);
  both.redis.server.kill('SIGSTOP');
  try {
    await untilNotReady(
      daemon,
      [/^aliases: (no progress|E_REDIS_UNREACHABLE)/, /^archive: (no progress|E_REDIS_UNREACHABLE)/],
      9_000,
    );
    expect(await valuesOf(daemon, 'millrace_ready')).toEqual({ '': 0 });
    await eventually(async () => {
      expect(await valuesOf(daemon, 'millrace_lag_seconds')).toEqual({ aliases: 0 });
      expect(await valuesOf(daemon, 'millrace_redis_memory_used_bytes')).toEqual({});
    });
  } finally {
    both.redis.server.kill('SIGCONT');
  }
  await untilReady(daemon);
  expect(await valuesOf(daemon, 'millrace_ready')).toEqual({ '': 1 });
});

test('a SQLite file that is gone shows within two seconds', async () => {
  const { path, db, start } = both;
  const daemon = await start({ MILLRACE_ONLY: 'aliases' });
  db.pragma('wal_checkpoint(TRUNCATE)');
  renameSync(path, `${path}.away`);
  await untilNotReady(daemon, [/^aliases: E_DB_MISSING/], 2_000);
  expect(await valuesOf(daemon, 'millrace_lag_seconds')).toEqual({});
  expect(await valuesOf(daemon, 'millrace_capture_installed')).toEqual({});
  renameSync(`${path}.away`, path);
  await untilReady(daemon);
});

test('a SQLite file that somebody keeps locked shows within eight seconds', async () => {
  const { redis, start } = both;
  await redis.client.flushall();
  const locked = aliasDatabase(`${both.path}.locked`);
  locked.pragma('journal_mode = DELETE');
  const daemon = await start({ MILLRACE_ONLY: 'aliases', DB_PATH: `${both.path}.locked` });
  locked.exec('BEGIN EXCLUSIVE');
  await untilNotReady(daemon, [/^aliases: (E_DB_BUSY|no progress)/], 8_000);
  locked.exec('ROLLBACK');
  await untilReady(daemon);
  locked.close();
});

test('a Postgres that falls silent, and a lock on the row of the checkpoint, show within twelve seconds', async () => {
  await Promise.all([silence(), lock()]);

  async function silence(): Promise<void> {
    const { postgres, start } = both;
    const proxy = await faultProxy(Number(new URL(postgres.url).port));
    const daemon = await start({ MILLRACE_ONLY: 'archive', POSTGRES_URL: through(proxy, postgres.url) });
    proxy.block();
    await untilNotReady(daemon, [/^archive: (no progress|E_PG_UNREACHABLE)/], 12_000);
    proxy.open();
    await untilReady(daemon);
  }

  async function lock(): Promise<void> {
    const { postgres, start } = others;
    const daemon = await start({ MILLRACE_ONLY: 'archive' });
    const locker = await postgres.pool.connect();
    await locker.query('BEGIN; SELECT * FROM millrace.checkpoint FOR UPDATE');
    await untilNotReady(daemon, [/^archive: (no progress|E_PG_BUSY)/], 12_000).finally(async () => {
      await locker.query('ROLLBACK');
      locker.release();
    });
    await untilReady(daemon);
  }
}, 60_000);
