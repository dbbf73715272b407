import { examineArchive } from '../../src/archive/inspect/examine';
import { skewFinding } from '../../src/archive/inspect/examine-clocks';
import { growthFinding } from '../../src/archive/inspect/examine-growth';
import { keyspacePattern } from '../../src/connections/keyspace-pattern';
import { loadConfig, requirePostgres } from '../../src/config/load';
import type { DaemonStatus } from '../../src/control/daemon-status';
import { daemonFindings } from '../../src/doctor/daemon-findings';
import type { Finding } from '../../src/pipeline/finding';
import { runCli } from '../support/run-cli';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { ownPostgres, type OwnPostgres, testPostgres } from '../support/postgres';
import { plainModel } from '../support/plain-writer';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';
import { aiRegistry } from '../../src/mapping/ai-registry';

let redis: TestRedis;
let postgres: OwnPostgres;
const folder = temporaryFolder();

beforeAll(async () => {
  [redis, postgres] = await Promise.all([
    testRedis(),
    ownPostgres({ persist: true, extraSettings: { track_commit_timestamp: 'on' } }),
  ]);
}, 60_000);

const environment = (changes: Readonly<Record<string, string>> = {}) => ({
  REDIS_URL: redis.url,
  POSTGRES_URL: postgres.url,
  SYNC_INTERVAL: '3600',
  ...changes,
});

async function examined(changes: Readonly<Record<string, string>> = {}): Promise<readonly Finding[]> {
  const config = loadConfig(environment(changes));
  return examineArchive(config, requirePostgres(config));
}

const problems = (findings: readonly Finding[]) => findings.filter(({ level }) => level === 'problem');
const told = (findings: readonly Finding[]) =>
  findings.map(({ level, what, remedy }) => `${level} ${what} → ${remedy ?? ''}`).join('\n');

test('a sound archive has no problem; trace tells when a row was committed where Postgres keeps that', async () => {
  const daemon = await startDaemon(environment());
  await plainModel(redis.client, { name: 'm' });
  await eventually(async () => expect(await postgres.query('SELECT 1 FROM models')).toHaveLength(1));
  const findings = await examined();
  expect(problems(findings)).toEqual([]);
  const text = told(findings);
  expect(text).toContain('ok this Redis user may do all that the archive needs');
  expect(text).toMatch(/ok the clocks of Redis, Postgres and this machine agree within \d+ ms/);
  expect(text).toMatch(
    /ok Redis uses \d+ MB of \d+ MB: room for about \d+ more entries of the stream; it does not grow/,
  );
  expect(text).toContain('ok Postgres writes what it commits to disk');
  const trace = await runCli(['trace', 'model:1'], environment(), folder);
  expect(trace.output).toMatch(/last written 20\d\d-/);
  await daemon.stop();
});

test('each fault of the servers is named, with what to do', async () => {
  const { client } = redis;
  await client.config('SET', 'maxmemory', '1gb');
  await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await client.config('SET', 'notify-keyspace-events', '');
  await postgres.query('ALTER SYSTEM SET full_page_writes = off');
  await postgres.query('ALTER ROLE CURRENT_USER SET synchronous_commit = off');
  await postgres.query('SELECT pg_reload_conf()');
  await eventually(async () =>
    expect(await postgres.query('SHOW full_page_writes')).toEqual([{ full_page_writes: 'off' }]),
  );
  await postgres.query('ALTER TABLE predictions DISABLE TRIGGER millrace_parent_insert');
  await postgres.query(
    `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'models_name_key'::regclass`,
  );
  await postgres.query(
    `INSERT INTO millrace.dead_letters (digest, kind, key, redis_key, code, message) VALUES (gen_random_uuid(), 'run', 'k', '', 'X', 'm')`,
  );
  const text = told(await examined());
  expect(text).toMatch(
    /problem Redis may evict the stream .*allkeys-lru.* → Set maxmemory-policy to noeviction/,
  );
  expect(text).toMatch(/note keyspace notifications lack Kg\$shz .* → The daemon adds it at its start/);
  await client.call('ACL', 'SETUSER', 'modest', 'on', '>secret', '~*', '&*', '+@all', '-config|set');
  const modest = redis.url.replace('redis://', 'redis://modest:secret@');
  expect(told(await examined({ REDIS_URL: modest }))).toMatch(
    /problem keyspace notifications lack Kg\$shz .*this Redis user may not add it.* → Let redis.conf .* hold `notify-keyspace-events Kg\$shz`/,
  );
  // The server that the tests share never waits for its disk.
  const { url } = await testPostgres();
  expect(told(await examined({ POSTGRES_URL: url }))).toMatch(
    /problem Postgres runs with fsync = off: .* → ALTER SYSTEM SET fsync = on/,
  );
  expect(text).toMatch(/problem Postgres runs with full_page_writes = off/);
  expect(text).toMatch(/note Postgres has synchronous_commit = off: Millrace overrules it/);
  expect(text).toMatch(
    /problem triggers that check references are disabled: millrace_parent_insert on predictions → ALTER TABLE "public"."predictions" ENABLE TRIGGER/,
  );
  expect(text).toMatch(/problem indexes are not valid.*models_name_key/);
  expect(text).toMatch(/problem 1 record is parked → `millrace dead-letters list`/);
  await client.config('SET', 'maxmemory-policy', 'noeviction');
  await client.config('SET', 'maxmemory', '0');
  await postgres.query('ALTER SYSTEM RESET full_page_writes');
  await postgres.query('ALTER ROLE CURRENT_USER RESET synchronous_commit');
  await postgres.query('SELECT pg_reload_conf()');
  await postgres.query('ALTER TABLE predictions ENABLE TRIGGER millrace_parent_insert');
  await postgres.query(
    `UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'models_name_key'::regclass`,
  );
});

test('each drift of the schema is named: a column that is gone or of another type, a trigger, an index, a grant', async () => {
  await postgres.query(`ALTER TABLE datasets DROP COLUMN split_info; ALTER TABLE training_runs ALTER COLUMN final_loss TYPE text;
    DROP TRIGGER millrace_parent_insert ON metrics; DROP INDEX predictions_redis_identity;
    DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN PASSWORD 'poor'; GRANT USAGE ON SCHEMA millrace TO poor;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO poor`);
  const text = told(await examined());
  expect(text).toMatch(
    /problem public\.datasets has no column split_info .* → ALTER TABLE .*ADD COLUMN "split_info"/,
  );
  expect(text).toMatch(/problem public\.training_runs\.final_loss is text, where double precision is needed/);
  expect(text).toMatch(
    /problem something the archive needs is missing.*identity predictions \(redis_id, timestamp\).*trigger metrics\.millrace_parent_insert.* → Run `millrace migrate`/,
  );
  const url = new URL(postgres.url);
  url.username = 'poor';
  url.password = 'poor';
  const poor = told(await examined({ POSTGRES_URL: url.href }));
  expect(poor).toMatch(/problem role poor lacks INSERT, UPDATE on public\.models .* → GRANT INSERT, UPDATE/);
  expect(poor).toMatch(/problem role poor may not read and write .*millrace\.checkpoint/);
});

test('what a Redis user lacks is found without executing anything, and the remedy mends it', async () => {
  const channel = `&${keyspacePattern(0, aiRegistry)}`;
  const { client } = redis;
  await client.call(
    'ACL',
    'SETUSER',
    'poor',
    'on',
    '>poor',
    '~*',
    '&*',
    '+@all',
    '-xadd',
    '-hgetall',
    'resetchannels',
  );
  const url = new URL(redis.url);
  url.username = 'poor';
  url.password = 'poor';
  const before = await client.keys('*');
  const finding = (await examined({ REDIS_URL: url.href })).find(({ what }) => what.includes('user lacks'));
  expect(finding).toMatchObject({
    level: 'problem',
    what: `this Redis user lacks +hgetall, +xadd, ${channel}`,
  });
  expect((await client.keys('*')).sort()).toEqual(before.sort());

  const grants = finding?.remedy?.split(' ').slice(3) ?? [];
  await client.call('ACL', 'SETUSER', 'poor', ...grants);
  expect(told(await examined({ REDIS_URL: url.href }))).toContain('may do all that the archive needs');
  await client.call('ACL', 'DELUSER', 'poor');
});

test('room and rate make a forecast: full within the hour is a problem, so is little room', () => {
  const growth = {
    seconds: 2,
    lengthBefore: 0,
    length: 0,
    entryBytes: 100,
    usedBytes: 0,
    limitBytes: 1_000_000_000,
  };
  expect(growthFinding(growth)).toMatchObject({ level: 'ok' });
  expect(growthFinding({ ...growth, length: 20_000 })).toMatchObject({
    level: 'problem',
    what: expect.stringContaining('grows by 10000 entries/s, full in 17 min') as string,
  });
  expect(growthFinding({ ...growth, length: 20 })).toMatchObject({ level: 'note' });
  expect(growthFinding({ ...growth, usedBytes: 950_000_000 })).toMatchObject({ level: 'problem' });
  expect(growthFinding({ ...growth, limitBytes: null })).toMatchObject({ level: 'note' });
});

test('clocks that differ by more than the answers take are a problem', () => {
  expect(skewFinding({ redis: 300, postgres: -300, uncertainty: 10 })).toMatchObject({ level: 'ok' });
  expect(skewFinding({ redis: -90_000, postgres: 20, uncertainty: 10 })).toMatchObject({
    level: 'problem',
    what: 'the clocks differ: Redis is 90.0 s behind this machine, Postgres is 0.0 s ahead of this machine',
  });
  expect(skewFinding({ redis: 1_500, postgres: 0, uncertainty: 400 })).toMatchObject({ level: 'ok' });
});

test('what the daemon says is passed on: its troubles, and a pipeline that is paused', () => {
  const daemon = {
    pid: 7,
    ready: false,
    troubles: ['no cycle'],
    health: { overall: { level: 'bad', says: '1 trouble', parked: 0 } },
    aliases: null,
    archive: { paused: { at: 0, by: 'ops' } },
  };
  const text = told(daemonFindings(daemon as unknown as DaemonStatus));
  expect(text).toContain('problem the daemon (pid 7): no cycle');
  expect(text).toMatch(
    /problem the pipeline archive is paused since .* by ops → `millrace resume --only archive`/,
  );
  expect(told(daemonFindings({ silent: 'no daemon answers' }))).toContain('note no daemon answers');
});
