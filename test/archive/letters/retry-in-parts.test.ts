import { Applier } from '../../../src/archive/apply/applier';
import type { Batch } from '../../../src/archive/batch/batch';
import { Checkpoint } from '../../../src/archive/position/checkpoint';
import { Echoes } from '../../../src/archive/stream/echoes';
import { findTargets, prepareSchema } from '../../../src/archive/schema/preparation';
import { nothingApplied } from '../../../src/archive/write/attempt';
import type { ArchiveSink } from '../../../src/archive/apply/sink';
import { EntryReader } from '../../../src/archive/truth/entry-reader';
import { TruthReader } from '../../../src/archive/truth/truth';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { parsePostgresUrl } from '../../../src/connections/postgres/postgres-url';
import { RedisConnection } from '../../../src/connections/redis';
import { parseRedisUrl } from '../../../src/connections/redis-url';
import { keepLog } from '../../support/daemon';
import { testPostgres } from '../../support/postgres';
import { testRedis } from '../../support/stores';
import { aiRegistry } from '../../../src/mapping/ai-registry';

function parsed<T extends object>(target: T | string): T {
  if (typeof target === 'string') throw new Error(target);
  return target;
}

test('letters tried again are let go with the last of several transactions: a kill before that leaves them', async () => {
  const { client, url } = await testRedis();
  const { url: postgresUrl, query } = await testPostgres();
  const redis = new RedisConnection(parsed(parseRedisUrl(url)), 'test');
  const postgres = new PostgresConnection(parsed(parsePostgresUrl(postgresUrl)), 'test');
  try {
    await redis.connect();
    await prepareSchema(postgres, aiRegistry, keepLog());
    const checkpoint = new Checkpoint(postgres);
    await checkpoint.claim();
    // More points than one transaction takes, and a deletion that only its letter tells of.
    const points = Array.from({ length: 6_000 }, (_, step) => [
      step,
      `{"step": ${step}, "metric_name": "loss", "metric_value": 1}`,
    ]);
    await client.zadd('aidb:metric:1:loss:train', ...points.flat());
    await query(
      `INSERT INTO millrace.dead_letters (digest, kind, key, redis_key, created, code, message, due) VALUES
       (md5('1')::uuid, 'metric', 'k', 'aidb:metric:1:loss:train', '', 'E_TYPE', 'm', true),
       (md5('2')::uuid, 'run', 'k', 'aidb:run:9', 'deletion', '23503', 'm', true)`,
    );
    const batches: { rows: number; retried: number; deletions: number }[] = [];
    const sink = {
      apply: (batch: Batch) => {
        const { retried, deletions } = batch;
        batches.push({
          rows: batch.of('metric').length,
          retried: retried.length,
          deletions: deletions.length,
        });
        return Promise.resolve(nothingApplied());
      },
    };
    const applier = new Applier({
      redis,
      postgres,
      checkpoint,
      truth: new TruthReader(redis, aiRegistry),
      sink: sink as unknown as ArchiveSink,
      entries: new EntryReader(redis, postgres),
      echoes: new Echoes(() => Promise.resolve('0-0')),
      onDelete: 'delete',
      targets: await findTargets(postgres, aiRegistry),
      onApplied: () => undefined,
    });
    await applier.retrySome();
    expect(batches).toEqual([
      { rows: 5_000, retried: 0, deletions: 1 },
      { rows: 1_000, retried: 2, deletions: 0 },
    ]);
  } finally {
    postgres.close();
    redis.close();
  }
});
