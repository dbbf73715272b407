import { join } from 'node:path';
import type { PassReport } from '../../../src/aliases/pass/report';
import { loadConfig } from '../../../src/config/load';
import { aliasesOnce } from '../../../src/aliases/once';
import { keepLog } from '../../support/daemon';
import { actualKeys, expectedKeys } from '../../support/model';
import { aliasDatabase } from '../../support/alias-database';
import { temporaryFolder } from '../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../support/stores';

const folder = temporaryFolder();
let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});

async function fill(from: number, to: number, value: (at: number) => string): Promise<void> {
  for (let start = from; start < to; start += 5_000) {
    const pairs: string[] = [];
    for (let at = start; at < Math.min(to, start + 5_000); at++)
      pairs.push(`alias:team:a${String(at)}`, value(at));
    await redis.client.mset(pairs);
  }
}

test('a pass with more differences and more stale keys than it holds at once repairs them all the same', async () => {
  const path = join(folder, 'large.db');
  const db = aliasDatabase(path);
  const insert = db.prepare('INSERT INTO team_aliases VALUES (?, ?)');
  db.transaction(() => {
    for (let at = 0; at < 140_000; at++) insert.run(String(at), `a${String(at)}`);
  })();
  // Wrong for 105,000 aliases, right for the rest; and 130,000 keys without an alias, which is just under half.
  await fill(0, 140_000, (at) => (at < 105_000 ? '["wrong"]' : `["${String(at)}"]`));
  await fill(140_000, 270_000, () => '["gone"]');

  const pass = (): Promise<PassReport> =>
    aliasesOnce(loadConfig({ REDIS_URL: redis.url, DB_PATH: path }), keepLog());
  expect(await pass()).toMatchObject({
    total: 140_000,
    added: 0,
    updated: 105_000,
    deleted: 130_000,
    blocked: [],
  });
  expect(await actualKeys(redis.client)).toEqual(expectedKeys(db));
  expect(await pass()).toMatchObject({ total: 140_000, added: 0, updated: 0, deleted: 0 });
  db.close();
}, 150_000);

test('hundreds of megabytes that somebody put under a key, or into the name of one, stop no pass', async () => {
  await redis.client.flushall();
  const path = join(folder, 'foreign.db');
  const db = aliasDatabase(path);
  db.exec(`INSERT INTO team_aliases VALUES ('1', 'a'), ('2', 'b'), ('3', 'c')`);
  const huge = 'x'.repeat(20_000_000);
  await redis.client.mset('alias:team:b', huge, 'alias:team:gone', huge, `alias:other:${huge}`, '');
  const settings = { REDIS_URL: redis.url, DB_PATH: path, MAX_RECORD_SIZE: '1MB' };
  const pass = (): Promise<PassReport> => aliasesOnce(loadConfig(settings), keepLog());
  expect(await pass()).toMatchObject({ total: 3, added: 2, updated: 1, deleted: 1 });
  expect(await pass()).toMatchObject({ total: 3, added: 0, updated: 0, deleted: 0 });
  await redis.client.unlink(`alias:other:${huge}`);
  expect(await actualKeys(redis.client)).toEqual(expectedKeys(db));
  // Nor the look at how the keys of another program are spelled, which is taken where some of them are stale.
  db.exec("INSERT INTO team_aliases VALUES ('4', 'Capital')");
  await redis.client.flushall();
  await redis.client.mset('alias:team:Capital', huge, 'alias:team:gone', '');
  expect(await pass()).toMatchObject({ total: 4, added: 3, updated: 1, deleted: 1 });
  db.close();
});
