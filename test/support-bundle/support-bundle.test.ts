import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadConfig } from '../../src/config/load';
import type { Environment } from '../../src/config/environment';
import { runDaemon } from '../../src/daemon/daemon';
import { openLog } from '../../src/log/log';
import { logWithoutContents, secretMask, withoutContents } from '../../src/support-bundle/scrub';
import { useArchive } from '../archive/support/archive';
import { runCli } from '../support/run-cli';
import { eventually } from '../support/eventually';
import { plainModel, plainPrediction, plainRun, plainVersion } from '../support/plain-writer';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';

const archive = useArchive();
const folder = temporaryFolder();

interface Bundle {
  readonly [section: string]: unknown;
  readonly postgres: {
    readonly deadLetters: readonly object[];
    readonly tables: readonly { name: string }[];
  };
  readonly log: { readonly lines: readonly unknown[]; readonly leftOut: number };
  readonly redis: { readonly stream: { readonly length: number } };
  readonly sqlite: { readonly tables: readonly object[] };
  readonly findings: readonly { what: string }[];
  readonly daemon: { readonly pid: number };
}

const read = (path: string): { text: string; bundle: Bundle } => {
  const text = gunzipSync(readFileSync(path)).toString();
  return { text, bundle: JSON.parse(text) as Bundle };
};

/** Its log is its LOG_FILE. */
function daemonWith(environment: Environment) {
  const config = loadConfig(environment);
  const log = openLog(config.log, false, false);
  const stop = new AbortController();
  const running = runDaemon({ config, log, signal: stop.signal, onRunning: () => undefined });
  return {
    running,
    stop: async () => {
      stop.abort();
      await running;
      await log.close();
    },
  };
}

test.each(['text', 'json'])(
  'no secret and no content is in the bundle, wherever it was put, with a log as %s; what helps is',
  async (format) => {
    let canaries = 0;
    const canary = (name: string) => `canary${++canaries}${name}`;
    const path = join(folder, `canaries-${format}.db`);
    const db = aliasDatabase(path);
    db.prepare('INSERT INTO team_aliases VALUES (1, ?)').run(canary('alias'));
    db.prepare('INSERT INTO team_aliases VALUES (?, ?)').run(canary('teamid'), canary('alias with spaces'));
    db.close();
    const { client } = archive.redis;
    const password = canary('redis/pass');
    await client.config('SET', 'requirepass', password);
    const redisUrl = new URL(archive.redis.url);
    redisUrl.password = password;
    const role = `support_${format}`;
    await archive.postgres.query(`DROP ROLE IF EXISTS ${role}`);
    const pgPassword = canary('pg');
    await archive.postgres.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD '${pgPassword}'`);
    const postgresUrl = new URL(archive.postgres.url);
    postgresUrl.username = role;
    postgresUrl.password = pgPassword;
    const logFile = join(folder, `log-${format}.txt`);
    const env = {
      REDIS_URL: redisUrl.href,
      POSTGRES_URL: postgresUrl.href,
      MILLRACE_TOKEN: canary('token-of-millrace'),
      REDIS_PASSWORD: password,
      DB_PATH: path,
      LOG_FILE: logFile,
      LOG_FORMAT: format,
      LOG_LEVEL: 'debug',
      // Systems give out those from 32,768 on.
      HTTP_PORT: String(20_000 + (process.pid % 5_000) * 2 + (format === 'json' ? 1 : 0)),
    };
    const model = await plainModel(client, { name: canary('model'), description: canary('text') });
    const version = await plainVersion(client, model, { version: canary('version') });
    await plainPrediction(client, version, { input: `"${canary('input')}"`, confidence: canary('number') });
    await plainPrediction(client, version, { input: `{"${canary('badjson')}` });
    await plainRun(client, version, { started_at: canary('time') });
    await client.hset(`aidb:model:${canary('id')}`, 'name', canary('strangemodel'));
    await client.xadd('millrace:changes', '*', canary('field'), canary('streamvalue'));
    await client.xadd('millrace:changes', '*', 'prediction=', canary('damaged'));
    await client.zadd(`aidb:metric:1:${canary('metric')}:train`, 1, canary('member'));
    const daemon = daemonWith(env);
    try {
      await eventually(async () => expect((await archive.letters()).length).toBeGreaterThan(4), {
        alive: daemon.running,
        within: 20_000,
      });
      await client.set('aidb:counter:dataset', canary('counter'));
      const file = join(folder, `bundle-${format}.json.gz`);
      const made = await runCli(['support-bundle', file], env, folder);
      expect(made.output).toContain(file);
      expect(made.code).toBe(0);
      const { text, bundle } = read(file);
      expect(text.match(/canary\w*/g)).toBeNull();
      expect(made.output).not.toContain('canary');
      // That the search would find something: the daemon's own log does hold names.
      expect(readFileSync(logFile, 'utf8')).toContain('canary');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(bundle.daemon.pid).toBe(process.pid);
      expect(bundle.postgres.deadLetters).toContainEqual(
        expect.objectContaining({ kind: 'run', code: '22007', column_name: 'started_at', letters: '1' }),
      );
      expect(bundle.postgres.tables.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['models', 'predictions', 'id_map']),
      );
      expect(bundle.sqlite.tables).toContainEqual(
        expect.objectContaining({ table: 'team_aliases', rows: 2 }),
      );
      expect(bundle.redis.stream.length).toBeGreaterThan(0);
      expect(bundle.findings.some(({ what }) => what.includes('records are parked'))).toBe(true);
      expect(text).toContain('millrace_lag_records');
      expect(bundle.log.lines.length).toBeGreaterThan(0);
      expect(bundle['settings']).toMatchObject({
        REDIS_URL: '(set)',
        POSTGRES_URL: '(set)',
        LOG_FORMAT: format,
      });
    } finally {
      await daemon.stop();
      await client.config('SET', 'requirepass', '');
      await archive.postgres.query(`DROP ROLE IF EXISTS ${role}`).catch(() => undefined);
    }
  },
  60_000,
);

test('with every store down there is a bundle all the same, which says what could not be read; nothing is overwritten', async () => {
  const env = {
    REDIS_URL: 'redis://:hushhush@127.0.0.1:1',
    POSTGRES_URL: 'postgresql://u:hushhush@127.0.0.1:1/db',
    DB_PATH: '/nowhere.db',
    LOG_FILE: join(folder, 'no', 'such.log'),
    HTTP_PORT: '1',
  };
  const file = join(folder, 'down.json.gz');
  const { code, output } = await runCli(['support-bundle', file], env, folder);
  expect(code).toBe(0);
  for (const section of ['sqlite', 'redis', 'postgres', 'log'])
    expect(output).toContain(`Note: ${section} could not be read: `);
  const { text, bundle } = read(file);
  expect(text).not.toContain('hushhush');
  expect(bundle.redis).toMatchObject({
    couldNotBeRead: expect.stringContaining('E_REDIS_UNREACHABLE') as string,
  });
  expect(bundle['versions']).toMatchObject({ node: process.versions.node });
  const before = readFileSync(file);
  const again = await runCli(['support-bundle', file], env, folder);
  expect(again.code).toBe(1);
  expect(again.output).toMatch(/exists already \(E_SUPPORT_FILE\)\n {4}→ /);
  expect(readFileSync(file)).toEqual(before);
  const nowhere = join(folder, 'no', 'such', 'folder.gz');
  expect((await runCli(['support-bundle', nowhere], env, folder)).output).toContain('E_SUPPORT_FILE');
  expect(existsSync(nowhere)).toBe(false);
});

test('messages lose what they quote, and keep the names that are known', () => {
  const names = new Set(['models', 'name']);
  const without = (text: string) => withoutContents(text, { names, registry: 'aidb:' });
  expect(without('Postgres at h: invalid input syntax for type json: "a"b" x (SQLSTATE 22P02)')).toBe(
    'Postgres at h: invalid input syntax for type json: "…" (SQLSTATE 22P02)',
  );
  expect(without('null value in column "name" of relation "models"')).toBe(
    'null value in column "name" of relation "models"',
  );
  expect(without('Key (name)=(secret) already exists')).toBe('Key (name)=(…');
  expect(without("ERR unknown command 'x', with args beginning with: 'secret' ")).not.toContain('secret');
  expect(without('cannot write alias:team:se cret "x')).toBe('cannot write alias:…');
  expect(without('parked aidb:metric:3:secret:train again')).toBe('parked aidb:metric:3 again');
  expect(without('half "open secret')).toBe('half "…"');
  expect(without('first\nsecret second line')).toBe('first …');
  expect(without('Run `millrace migrate`.')).toBe('Run `millrace migrate`.');
});

test('of a log, what went wrong is kept, and names that were told are not', () => {
  const { lines, leftOut } = logWithoutContents(
    [
      '[2026-01-05 14:30:00] Synced model: secret',
      '[2026-01-05 14:30:00] started pipelines=["aliases"]',
      '[2026-01-05 14:30:01] WARN cannot apply "secret" key=alias:team:secret',
      'secret continuation',
      '{"time":"2026-01-05T14:30:01Z","level":"info","event":"synced","message":"secret","rows":3,"key":"secret"}',
      '{"time":"2026-01-05T14:30:01Z","level":"error","event":"failed","message":"it \\"secret\\"","code":"22P02"}',
      '{"time":"cut',
    ],
    { names: new Set() },
  );
  expect(lines).toEqual([
    '[2026-01-05 14:30:01] WARN cannot apply "…"',
    { time: '2026-01-05T14:30:01Z', level: 'info', event: 'synced', rows: 3 },
    { time: '2026-01-05T14:30:01Z', level: 'error', event: 'failed', message: 'it "…"', code: '22P02' },
  ]);
  expect(leftOut).toBe(4);
});

test('secrets are hidden in every form, and so is a password in any URL', () => {
  const mask = secretMask(['p@ss/word', undefined, 'ab']);
  expect(mask('x p@ss/word p%40ss%2Fword ab')).toBe('x [secret] [secret] ab');
  expect(mask('see redis://user:other@host:1/0 and postgresql://a:b@h/d')).toBe(
    'see redis://[secret]@host:1/0 and postgresql://[secret]@h/d',
  );
});
