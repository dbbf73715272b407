import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, flagName, loadConfig, requirePostgres } from '../../src/config/load';
import { type Environment, readEnvironment } from '../../src/config/environment';
import { describeError, type MillraceError } from '../../src/foundation/errors';
import { daemonGrants } from '../../src/connections/redis-grants';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { type Option, options } from '../../src/config/options';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();

/** What the configuration is refused with. */
function refusal(environment: Environment, flags: Readonly<Record<string, unknown>> = {}): string {
  try {
    loadConfig(environment, flags);
  } catch (error) {
    const { code, message, hint } = describeError(error);
    expect(code).toBe('E_CONFIG');
    expect(hint).toContain('--help');
    return message;
  }
  throw new Error('the configuration was accepted');
}

const mapping = (type: string, table: string, idColumn: string, aliasColumn: string) => ({
  type,
  table,
  idColumn,
  aliasColumn,
});

test('with nothing set, everything is as the documents say', () => {
  const config = loadConfig({});
  expect(config).toMatchObject({
    redisConfigured: false,
    redis: { host: 'localhost', port: 6379, db: 0, tls: false, display: 'localhost:6379' },
    dbConfigured: false,
    aliasCase: 'preserve',
    capture: true,
    aliasIntervalSeconds: 120,
    archiveIntervalSeconds: 300,
    pipelines: ['aliases', 'archive'],
    postgres: undefined,
    mirror: true,
    onConflict: { default: 'skip' },
    onDelete: 'keep',
    log: { level: 'info', format: 'text', file: '', maxBytes: 20 * 1024 ** 2, files: 5 },
  });
  expect(config.dbPath).toBe(join(process.cwd(), 'sports_data.db'));
  expect(config.aliasTables).toEqual(
    ['team', 'player', 'league', 'market'].map((type) =>
      mapping(type, `${type}_aliases`, `${type}_id`, 'alias'),
    ),
  );
});

test('what is said although it is the default changes nothing', () => {
  // Of these it counts that they are said at all.
  const { redisHost, redisPort, dbPath, ...others } = options;
  for (const { env, fallback } of Object.values<Option>(others))
    expect([env, loadConfig({ [env]: fallback })]).toEqual([env, loadConfig({})]);
  for (const { env, fallback } of [redisHost, redisPort])
    expect(loadConfig({ [env]: fallback })).toEqual({ ...loadConfig({}), redisConfigured: true });
  expect(loadConfig({ DB_PATH: dbPath.fallback })).toEqual({ ...loadConfig({}), dbConfigured: true });
});

test('a setting that is refused is not told to contradict another as well', () => {
  const message = refusal({ REDIS_URL: 'redis://localhost:6380', REDIS_PORT: '70000' });
  expect(message).toBe(
    'the configuration has a problem:\n  - REDIS_PORT="70000" must be a whole number from 1 to 65535',
  );
});

test('all problems are reported at once, each with its setting and value', () => {
  const message = refusal(
    {
      REDIS_PORT: '70000',
      REDIS_DB: 'x',
      ALIAS_CASE: 'upper',
      LOG_LEVEL: 'loud',
      HTTP_PORT: '-1',
      CAPTURE: 'maybe',
    },
    { interval: 'abc' },
  );
  expect(message).toContain('7 problems');
  for (const part of [
    'REDIS_PORT="70000"',
    'REDIS_DB="x"',
    'ALIAS_CASE="upper" must be one of preserve, lower',
    'LOG_LEVEL="loud"',
    'HTTP_PORT="-1"',
    'CAPTURE="maybe"',
    '--interval="abc"',
  ]) {
    expect(message).toContain(part);
  }
});

describe('settings of the archive', () => {
  test('POSTGRES_URL is shown without its password, and SQLAlchemy’s form is understood', () => {
    const { postgres } = loadConfig({
      POSTGRES_URL: 'postgresql+psycopg2://me:geheim@db.example:6543/ai_models',
    });
    expect(postgres).toMatchObject({
      connectionString: 'postgresql://me:geheim@db.example:6543/ai_models',
      display: 'db.example:6543/ai_models',
    });
  });

  test.each([
    ['mysql://me:geheim@h/d', 'another scheme'],
    ['no url, geheim', 'is not a URL'],
    ['postgresql://me:%geheim@h/d', 'not percent-encoded'],
  ])('a wrong POSTGRES_URL is refused without echoing it: %s', (url, why) => {
    const message = refusal({ POSTGRES_URL: url });
    expect(message).toContain(why);
    expect(message).not.toContain('geheim');
  });

  test('the archive without a POSTGRES_URL is told of the ways out', () => {
    const error = (() => {
      try {
        requirePostgres(loadConfig({}));
      } catch (thrown) {
        return thrown as MillraceError;
      }
      return undefined;
    })();
    expect(error?.message).toBe('POSTGRES_URL not set');
    for (const way of ['POSTGRES_URL="postgresql://', 'millrace run --embedded'])
      expect(error?.hint).toContain(way);
  });

  test('ON_CONFLICT is one strategy, or one for each kind or table', () => {
    expect(loadConfig({ ON_CONFLICT: 'merge, model=overwrite, model_versions=skip' }).onConflict).toEqual({
      default: 'merge',
      model: 'overwrite',
      version: 'skip',
    });
    expect(refusal({ ON_CONFLICT: 'replace' })).toContain('not "replace"');
    expect(refusal({ ON_CONFLICT: 'run=skip' })).toContain('cannot conflict, "run"');
  });

  test('each pipeline has its interval; one flag is for both', () => {
    const environment = { SYNC_INTERVAL: '60', ARCHIVE_SYNC_INTERVAL: '30' };
    expect(loadConfig(environment)).toMatchObject({ aliasIntervalSeconds: 60, archiveIntervalSeconds: 30 });
    expect(loadConfig(environment, { interval: '9' })).toMatchObject({
      aliasIntervalSeconds: 9,
      archiveIntervalSeconds: 9,
    });
  });

  test('MILLRACE_ONLY and --only name one pipeline', () => {
    expect(loadConfig({ MILLRACE_ONLY: 'archive' }).pipelines).toEqual(['archive']);
    expect(loadConfig({ MILLRACE_ONLY: 'archive' }, { only: 'aliases' }).pipelines).toEqual(['aliases']);
    expect(refusal({}, { only: 'both' })).toContain('--only="both" must be one of aliases, archive');
  });
});

test('a flag beats the environment, which beats .env; what is empty does not count', () => {
  writeFileSync(join(folder, '.env'), 'DB_PATH=/from/dotenv.db\nSYNC_INTERVAL=7\nALIAS_CASE=lower\n');
  const saved = { DB_PATH: process.env['DB_PATH'], ALIAS_CASE: process.env['ALIAS_CASE'] };
  const load = (flags: Readonly<Record<string, unknown>> = {}): Config =>
    loadConfig(readEnvironment(folder), flags);
  try {
    delete process.env['ALIAS_CASE'];
    delete process.env['DB_PATH'];
    expect(load()).toMatchObject({ dbPath: '/from/dotenv.db', aliasIntervalSeconds: 7, aliasCase: 'lower' });
    process.env['DB_PATH'] = '/from/environment.db';
    expect(load()).toMatchObject({ dbPath: '/from/environment.db', aliasCase: 'lower' });
    expect(load({ db: '/from/flag.db', interval: '9' })).toMatchObject({
      dbPath: '/from/flag.db',
      aliasIntervalSeconds: 9,
    });
    process.env['ALIAS_CASE'] = '';
    expect(load().aliasCase).toBe('preserve');
  } finally {
    for (const [name, value] of Object.entries(saved)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
});

test('without a .env file the environment alone counts', () => {
  expect(readEnvironment(join(folder, 'no-such-folder'))).toBe(process.env);
});

test.each(['abc', '0', '-5', '1e9', '12O', '99999999', 'Infinity'])(
  'SYNC_INTERVAL=%s is refused',
  (value) => {
    expect(refusal({ SYNC_INTERVAL: value })).toMatch(
      new RegExp(`SYNC_INTERVAL="${value}" must be (a number of|from 1 to 2000000) seconds`),
    );
  },
);

test('the aliases’ own interval beats the common one, and --interval beats both', () => {
  const environment = { SYNC_INTERVAL: '60', ALIAS_SYNC_INTERVAL: '2.5' };
  expect(loadConfig(environment).aliasIntervalSeconds).toBe(2.5);
  expect(loadConfig(environment, { interval: '10' }).aliasIntervalSeconds).toBe(10);
  expect(loadConfig({ SYNC_INTERVAL: '60' }).aliasIntervalSeconds).toBe(60);
});

describe('Redis', () => {
  test.each([
    ['redis://:geheim@host:port', 'a port that is not a number'],
    ['http://:geheim@host', 'another scheme'],
    ['redis://user:geheim@host/zero', 'database that is not a number'],
    ['redis://:geheim%@host', 'percent-encoded'],
    ['redis://:geheim@/0', 'names no host'],
    [':geheim@localhost:6379', 'is not a URL'],
    ['geheim@localhost', 'is not a URL'],
    ['geheim:localhost', 'is not a URL'],
    ['geheim://localhost', 'scheme'],
    ['redis://localhost/0/geheim', 'database'],
    ['redis://user:geh/eim@localhost', 'an @ after the host'],
    ['redis://user:12/geheim@localhost', 'an @ after the host'],
    ['redis://:pass#geheim@localhost', 'an @ after the host'],
    ['redis://localhost#geheim', 'fragment'],
    ['redis://localhost?geheim', 'number 1'],
  ])('a malformed REDIS_URL never shows the password: %s', (url, reason) => {
    const message = refusal({ REDIS_URL: url });
    expect(message).toContain('REDIS_URL ');
    expect(message).toContain(reason);
    expect(message).toContain('expected redis://');
    expect(message).not.toMatch(/geheim|geh|eim/);
    expect(refusal({}, { redisUrl: url })).toContain('--redis-url ');
  });

  test('a URL shows everything but the password, and agrees with host, port and database where these are set', () => {
    const { redis, redisConfigured } = loadConfig({
      REDIS_URL: 'rediss://user:p%40ss@[::1]:7000/3',
      REDIS_HOST: '::1',
      REDIS_PORT: '7000',
      REDIS_DB: '3',
      REDIS_PASSWORD: 'p@ss',
    });
    expect(redisConfigured).toBe(true);
    expect(redis).toEqual({
      ...{ host: '::1', port: 7000, db: 3, username: 'user', password: 'p@ss', tls: true },
      display: 'rediss://[::1]:7000/3',
      maxRecordBytes: 64 * 1024 ** 2,
      grants: daemonGrants(aiRegistry),
    });
  });

  test.each([
    [{ REDIS_HOST: 'elsewhere' }, 'REDIS_HOST="elsewhere" contradicts REDIS_URL'],
    [{ REDIS_PORT: '6380' }, 'REDIS_PORT="6380" contradicts REDIS_URL'],
    [{ REDIS_DB: '3' }, 'REDIS_DB="3" stands beside REDIS_URL, which names no database'],
    [{ REDIS_URL: 'redis://:geheim@h/2', REDIS_DB: '3' }, 'which names database 2'],
    [{ REDIS_URL: 'redis://:geheim@h?db=2', REDIS_DB: '0' }, 'which names database 2'],
    [{ REDIS_PASSWORD: 'other geheim' }, 'REDIS_PASSWORD contradicts the password in REDIS_URL'],
  ])('beside a URL that says otherwise, %j is refused', (settings, why) => {
    const message = refusal({ REDIS_URL: 'redis://:geheim@h', ...settings });
    expect(message).toContain(why);
    expect(message).not.toContain('geheim');
  });

  test('a flag beats them, but is not taken to name a database where it names none', () => {
    const beside = { REDIS_HOST: 'elsewhere', REDIS_PORT: '1', REDIS_PASSWORD: 'a', REDIS_DB: '3' };
    expect(loadConfig(beside, { redisUrl: 'redis://:b@h/5' }).redis).toMatchObject({
      ...{ host: 'h', port: 6379, db: 5, password: 'b' },
    });
    expect(refusal(beside, { redisUrl: 'redis://:b@h' })).toContain('--redis-url, which names no database');
  });

  test.each([
    [{ REDIS_URI: 'redis://:geheim@h' }, 'write REDIS_URL'],
    [{ REDIS_DATABASE: '3' }, 'write REDIS_DB'],
    [{ REDIS_HOST: 'h', REDIS_USERNAME: 'app' }, 'REDIS_URL'],
    [{ REDIS_HOST: 'h', REDIS_SSL: 'true' }, 'rediss://'],
    [{ POSTGRES_URI: 'postgresql://u:geheim@h/d' }, 'write POSTGRES_URL'],
  ])('a setting under the name that other programs have for it is refused: %j', (settings, instead) => {
    const message = refusal(settings);
    expect(message).toContain('which Millrace does not read');
    expect(message).toContain(instead);
    expect(message).not.toContain('geheim');
    // Where ours is set, or where it says nothing, it is somebody else's.
    const ours = { REDIS_URL: 'redis://h/3', POSTGRES_URL: 'postgresql://u@h/d' };
    expect(loadConfig({ ...settings, REDIS_HOST: 'h', ...ours }).redis.db).toBe(3);
    expect(loadConfig({ REDIS_SSL: 'false', REDIS_USERNAME: 'default', REDIS_DATABASE: '0' }).redis.db).toBe(
      0,
    );
  });

  test('a database or a password alone names a Redis, too: no other is used in its place', () => {
    expect(loadConfig({ REDIS_DB: '2' }).redisConfigured).toBe(true);
    expect(loadConfig({ REDIS_PASSWORD: 'a' }).redisConfigured).toBe(true);
    expect(loadConfig({ REDIS_DB: '0', REDIS_PASSWORD: '' }).redisConfigured).toBe(false);
  });

  test('an empty REDIS_PASSWORD is none, and another one is for a URL without', () => {
    expect(loadConfig({ REDIS_PASSWORD: '' }).redis).not.toHaveProperty('password');
    expect(loadConfig({ REDIS_PASSWORD: 'a' }).redis.password).toBe('a');
    expect(loadConfig({ REDIS_URL: 'redis://host', REDIS_PASSWORD: 'a' }).redis.password).toBe('a');
    expect(loadConfig({ REDIS_URL: 'redis://host', REDIS_PASSWORD: '' }).redis).not.toHaveProperty(
      'password',
    );
  });

  test('host and port alone name a Redis', () => {
    const { redis, redisConfigured } = loadConfig({
      REDIS_HOST: '10.0.0.7',
      REDIS_PORT: '6380',
      REDIS_DB: '2',
    });
    expect(redisConfigured).toBe(true);
    expect(redis.display).toBe('10.0.0.7:6380/2');
  });
});

describe('ALIAS_TABLES', () => {
  test('names tables and columns, with the usual columns where none are given', () => {
    const { aliasTables } = loadConfig({
      ALIAS_TABLES: ' team = team_aliases ; venue=Stadium names( stadium id , short name );odd=t(a,b);',
    });
    expect(aliasTables).toEqual([
      mapping('team', 'team_aliases', 'team_id', 'alias'),
      mapping('venue', 'Stadium names', 'stadium id', 'short name'),
      mapping('odd', 't', 'a', 'b'),
    ]);
  });

  test.each([
    ['team', 'not of the form'],
    ['team=', 'not of the form'],
    ['=t', 'not of the form'],
    ['team=t(a)', 'not of the form'],
    ['team=t(a,b', 'not of the form'],
    ['team=t(a,b)x', 'not of the form'],
    ['te*m=t(a,b)', 'only letters'],
    ['te:am=t', 'only letters'],
    ['a=t;a=u', 'named twice'],
    [';', 'names no table'],
  ])('%s is refused: %s', (text, reason) => {
    const message = refusal({ ALIAS_TABLES: text });
    expect(message).toContain('ALIAS_TABLES');
    expect(message).toContain(reason);
  });
});

test('every flag of the table is read under the name commander gives it', () => {
  expect(
    Object.values(options).flatMap((option) => ('flag' in option ? [flagName(option.flag)] : [])),
  ).toEqual(['redisUrl', 'postgresUrl', 'only', 'db', 'config', 'interval', 'days']);
});

test('sizes are read with their units, and anything else is refused', () => {
  expect(loadConfig({ MAX_RECORD_SIZE: '100MB' }).redis.maxRecordBytes).toBe(100 * 1024 ** 2);
  for (const wrong of ['1023KB', '257MB', '0'])
    expect(refusal({ MAX_RECORD_SIZE: wrong })).toContain(
      `MAX_RECORD_SIZE="${wrong}" must be from 1MB to 256MB`,
    );
  const size = (text: string) => loadConfig({ LOG_MAX_SIZE: text }).log.maxBytes;
  expect([size('0'), size('512'), size('64KB'), size('5mb'), size('1GB')]).toEqual([
    0,
    512,
    65_536,
    5 * 1024 ** 2,
    1024 ** 3,
  ]);
  for (const wrong of ['abc', '-1', '20 TB', '1.5MB', 'MB']) {
    expect(refusal({ LOG_MAX_SIZE: wrong })).toContain(`LOG_MAX_SIZE="${wrong}" must be a size such as 20MB`);
  }
});

test('a secret may come from a file: its content without the last newline is the value', () => {
  const path = join(folder, 'secret');
  writeFileSync(path, '\uFEFFpa ss\n\r\n');
  expect(loadConfig({ REDIS_PASSWORD_FILE: path }).redis.password).toBe('pa ss\n');
  writeFileSync(path, 'postgresql://me:word@db/x\n');
  expect(loadConfig({ POSTGRES_URL_FILE: path }).postgres?.connectionString).toBe(
    'postgresql://me:word@db/x',
  );
  writeFileSync(path, 'redis://:word@cache:7000/2');
  expect(loadConfig({ REDIS_URL_FILE: path })).toMatchObject({
    redisConfigured: true,
    redis: { host: 'cache', port: 7000, db: 2, password: 'word' },
  });
  expect(loadConfig({ REDIS_URL_FILE: path }, { redisUrl: 'redis://other' }).redis.host).toBe('other');
});

test('a secret’s file that is missing, empty, or beside the setting itself is refused, without its content', () => {
  const empty = join(folder, 'empty');
  writeFileSync(empty, '\n');
  const wrong = join(folder, 'wrong');
  writeFileSync(wrong, 'mysql://me:hidden@host');
  const message = refusal({
    REDIS_PASSWORD: 'also hidden',
    REDIS_PASSWORD_FILE: wrong,
    REDIS_URL_FILE: empty,
    POSTGRES_URL_FILE: wrong,
  });
  expect(message).toContain('3 problems');
  expect(message).toContain(
    `REDIS_PASSWORD_FILE="${wrong}" and REDIS_PASSWORD are both set: keep one of them`,
  );
  expect(message).toContain(`REDIS_URL_FILE="${empty}" is empty`);
  expect(message).toContain('POSTGRES_URL has another scheme');
  expect(message).not.toContain('hidden');
  expect(refusal({ POSTGRES_URL_FILE: '/missing' })).toMatch(
    /POSTGRES_URL_FILE="\/missing" cannot be read: ENOENT/,
  );
  expect(refusal({ POSTGRES_URL_FILE: folder })).toContain('cannot be read: EISDIR');
  // Only for secrets, and only when it names a file.
  expect(loadConfig({ DB_PATH_FILE: '/missing', POSTGRES_URL_FILE: ' ' }).postgres).toBeUndefined();
});
