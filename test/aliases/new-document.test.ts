import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aliasesOnce } from '../../src/aliases/once';
import type { Difference } from '../../src/aliases/pass/dry-run';
import { dryRunPass } from '../../src/aliases/pass/dry-run-pass';
import { loadConfig } from '../../src/config/load';
import { keepLog, startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';
import { rawKeys } from './support/raw-keys';

/** A document whose prefix has keys of another program. */
const folder = temporaryFolder();
let redis: TestRedis;
const environment = () => ({
  REDIS_URL: redis.url,
  DB_PATH: join(folder, 'new.db'),
  MILLRACE_CONFIG: join(folder, 'millrace.yaml'),
  MILLRACE_ONLY: 'aliases',
  SYNC_INTERVAL: '3600',
});
const passWith = (force: boolean) => aliasesOnce(loadConfig(environment()), keepLog(), { force });
const sessions = async () =>
  Object.fromEntries(
    Object.entries(await rawKeys(redis.client)).filter(([key]) => key.startsWith('session:')),
  );

beforeAll(async () => {
  redis = await testRedis();
  writeFileSync(
    environment().MILLRACE_CONFIG,
    `version: 1
include: [sports-aliases]
documents:
  session: { from: sessions, key: "session:{id}", hash: [user] }
  card: { from: sessions, key: "card:{id}", hash: [user], ttl: 600 }
`,
  );
});

test('nobody touches these until it is claimed: no pass, no tail; then all of it is served', async () => {
  const { client } = redis;
  const db = aliasDatabase(environment().DB_PATH);
  db.exec(`CREATE TABLE sessions (id INTEGER PRIMARY KEY, user TEXT);
    INSERT INTO sessions VALUES (1, 'ann'), (2, 'bob'); INSERT INTO team_aliases VALUES ('1', 'a')`);
  await client.hset('session:2', 'user', 'eve');
  await client.hset('session:9', 'user', 'zoe');
  const before = await sessions();

  const listed: Difference[] = [];
  const stops = await dryRunPass(loadConfig(environment()), { force: false }, (one) => listed.push(one));
  expect([stops.blocked, listed.map(({ key }) => key).sort()]).toEqual([['session'], ['alias:team:a', 'card:1', 'card:2']]); // prettier-ignore

  const daemon = await startDaemon(environment());
  expect(await client.hgetall('card:2')).toEqual({ user: 'bob' });
  db.exec("UPDATE sessions SET user = 'bea' WHERE id = 2; INSERT INTO sessions VALUES (3, 'cid')");
  await eventually(async () => expect(await client.hget('card:3', 'user')).toBe('cid'));
  expect(await client.hget('card:2', 'user')).toBe('bea');
  expect(await sessions()).toEqual(before);

  expect(await passWith(false)).toMatchObject({ blocked: ['session'] });
  expect(await sessions()).toEqual(before);
  expect((await daemon.status()).troubles.join()).toContain('session is new');
  expect(await passWith(true)).toMatchObject({ blocked: [], added: 2, updated: 1, deleted: 1 });
  await eventually(async () => expect((await daemon.status()).troubles).toEqual([]));
  db.exec("UPDATE sessions SET user = 'abe' WHERE id = 1");
  await eventually(async () => expect(await client.hget('session:1', 'user')).toBe('abe'));
  expect(await client.exists('session:9')).toBe(0);

  await client.flushall();
  await eventually(async () => expect(await client.keys('session:*')).toHaveLength(3));
  await daemon.stop();
  db.close();
});
