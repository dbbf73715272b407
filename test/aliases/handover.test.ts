import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { type AliasLaneOptions, aliasLane } from '../../src/aliases/lane';
import { aliasPipeline, type CacheHandover } from '../../src/aliases/pipeline';
import { loadConfig } from '../../src/config/load';
import { RedisConnection } from '../../src/connections/redis';
import { redisTarget } from '../../src/connections/redis-url';
import { defaultMappings } from '../../src/mapping/alias-tables';
import { createMetrics } from '../../src/metrics/metrics';
import { untold } from '../../src/pipeline/event';
import { keepLog } from '../support/daemon';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';

/** What a lane leaves to its successor in the same process. */
const folder = temporaryFolder();
let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});

const laneOf = (path: string, more: Partial<AliasLaneOptions> = {}) => {
  const connection = new RedisConnection(redisTarget({ host: '127.0.0.1', port: redis.server.port, db: 0 }), 'test'); // prettier-ignore
  const lane = aliasLane({
    ...{ path, mappings: defaultMappings, aliasCase: 'preserve', install: true, force: false, connection },
    ...{ log: keepLog(), metrics: createMetrics(), tell: untold, ...more },
  });
  return {
    ...lane,
    untilAtRest: async () => {
      let turns = 0;
      while ((await lane.turns.cycle()) === 'more' || lane.passes.active)
        if (turns++ > 1_000) throw new Error('it does not come to rest');
    },
    end: async () => {
      const left = lane.handOver();
      await lane.close();
      connection.close();
      return left;
    },
  };
};

test('a pass that is owed, since the -wal was deleted and the file cannot be opened yet, is owed by the successor', async () => {
  const path = join(folder, 'uprooted.db');
  const db = aliasDatabase(path);
  db.pragma('journal_mode = WAL');
  db.exec("INSERT INTO team_aliases VALUES (1, 'kept')");
  const before = laneOf(path);
  void before.passes.request('start');
  await before.untilAtRest();
  expect(await redis.client.get('alias:team:kept')).toBe('["1"]');
  db.pragma('wal_checkpoint(PASSIVE)');

  // Who has read from a log that is gone may have read anything.
  await redis.client.set('alias:team:kept', '["2"]');
  for (const beside of ['-wal', '-shm']) rmSync(path + beside);
  expect(await before.turns.cycle()).toBe('idle'); // as long as `db` has the deleted ones open
  const left = await before.end();
  db.close();

  const successor = laneOf(path, { handover: left });
  await successor.untilAtRest();
  expect(await redis.client.get('alias:team:kept')).toBe('["1"]');
  await successor.end();
});

test('the tick of an interval that falls between two pipelines is made up for by the one that follows', async () => {
  const path = join(folder, 'tick.db');
  const db = aliasDatabase(path);
  db.exec("INSERT INTO team_aliases VALUES (1, 'ticked')");
  const config = loadConfig({ REDIS_URL: redis.url, DB_PATH: path, SYNC_INTERVAL: '3600', HTTP_PORT: '0' });
  const run = (before?: CacheHandover) => {
    const stop = new AbortController();
    const log = keepLog();
    const pipeline = aliasPipeline({ config, log, metrics: createMetrics(), signal: stop.signal, onEvent: () => undefined }, before); // prettier-ignore
    const running = lastValueFrom(pipeline.running$, { defaultValue: undefined });
    const passes = () => log.lines.filter(({ fields }) => fields['event'] === 'pass.done').length;
    const end = async () => {
      stop.abort();
      await running;
      const left = pipeline.handOver();
      await pipeline.close();
      return left;
    };
    return { passes, running, end };
  };
  const first = run();
  await eventually(() => first.passes() === 1, { alive: first.running });
  const left = await first.end();

  const now = Date.now;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000);
  const second = run(left);
  await eventually(() => second.passes() === 1, { alive: second.running });
  const again = await second.end();

  const third = run(again);
  await redis.client.del('alias:team:ticked');
  db.exec("INSERT INTO team_aliases VALUES (2, 'tailed')");
  await eventually(async () => (await redis.client.get('alias:team:tailed')) === '["2"]', { alive: third.running }); // prettier-ignore
  expect([third.passes(), await redis.client.exists('alias:team:ticked')]).toEqual([0, 0]); // the next one is due in an hour
  await third.end();
  clock.mockRestore();
  db.close();
});
