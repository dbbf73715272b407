import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Millrace, type MillraceError, type MillraceOptions } from '../../src/index';
import { settleOptions } from '../../src/library/options';
import { type Option, options as settings } from '../../src/config/options';
import { temporaryFolder } from '../support/temporary-folder';

// The settings look for a SQLite file in the working folder: `npm start` leaves one in a checkout.
const checkout = process.cwd();
const empty = temporaryFolder();
beforeAll(() => {
  process.chdir(empty);
});
afterAll(() => {
  process.chdir(checkout);
});

const stores = { redisUrl: 'redis://cache:7000', postgresUrl: 'postgresql://u:secret@db/x' };

function problem(make: () => unknown): MillraceError {
  try {
    make();
  } catch (error) {
    return error as MillraceError;
  }
  throw new Error('it was taken');
}

test('everything wrong is said at once, by the names of the options, without secrets', () => {
  const wrong = {
    redisUrl: 'http://user:secret@host',
    postgresUrl: 'secret',
    interval: 0,
    only: 'models',
    aliasTables: [{ type: 'team', table: 't(x)' }],
    onConflict: { default: 'skip', metric: 'merge' },
    httpPort: 70000,
    capture: 'perhaps',
    mirror: null,
    log: 'stdout',
    embedded: 'yes',
    redisURL: 'redis://h',
  } as unknown as MillraceOptions;
  const { code, message } = problem(() => new Millrace(wrong));
  expect(code).toBe('E_CONFIG');
  for (const name of Object.keys(wrong)) expect(message).toMatch(new RegExp(`- ${name}[ =]`));
  expect(message).toContain('has 12 problems');
  expect(message).not.toContain('secret');
});

test('nothing to run, and an archive that is asked for without a Postgres, are refused at once', () => {
  expect(problem(() => new Millrace({}))).toMatchObject({ code: 'E_NO_STORES' });
  expect(problem(() => new Millrace({ only: 'archive' }))).toMatchObject({ code: 'E_POSTGRES_URL' });
  new Millrace({ only: 'aliases' });
  new Millrace({ embedded: true });
});

test('the environment is read only when asked for, and an option beats it', () => {
  const environment = {
    REDIS_URL: 'redis://elsewhere',
    ARCHIVE_SYNC_INTERVAL: '7',
    POSTGRES_URL: stores.postgresUrl,
  };
  expect(settleOptions(stores, {}).config.redis.display).toBe('cache:7000');
  expect(settleOptions({}, environment).config).toMatchObject({ archiveIntervalSeconds: 7 });
  expect(settleOptions({ redisHost: 'here', interval: 9 }, environment).config).toMatchObject({
    redis: { display: 'here:6379' },
    archiveIntervalSeconds: 9,
  });
  process.env['POSTGRES_URL'] = stores.postgresUrl;
  try {
    expect(Millrace.fromEnvironment().addresses?.postgresUrl).toBe(stores.postgresUrl);
    expect(problem(() => new Millrace())).toMatchObject({ code: 'E_NO_STORES' });
  } finally {
    delete process.env['POSTGRES_URL'];
  }
});

test('a problem of the environment is told by its name there', () => {
  expect(problem(() => settleOptions({ interval: 3 }, { LOG_LEVEL: 'loud' })).message).toContain(
    'LOG_LEVEL="loud"',
  );
});

test('tables and strategies may be given as values', () => {
  const aliasTables = [{ type: 'club', table: 'clubs', idColumn: 'id', aliasColumn: 'name' }];
  const onConflict = { default: 'merge', model: 'overwrite' } as const;
  expect(settleOptions({ ...stores, aliasTables, onConflict }, {}).config).toMatchObject({
    aliasTables,
    onConflict,
  });
});

test('numbers and booleans mean what they say', () => {
  const { config, http } = settleOptions({ ...stores, capture: false, aliasInterval: 2.5, httpPort: 0 }, {});
  expect([config.capture, config.aliasIntervalSeconds, config.http.port, http]).toEqual([
    false,
    2.5,
    0,
    true,
  ]);
  expect(settleOptions(stores, {}).http).toBe(false);
  expect(settleOptions({ ...stores, httpPort: 0, http: false }, {}).http).toBe(false);
});

test('addresses keep users, passwords and TLS', () => {
  const redisUrl = 'rediss://us%2Fer:p%40ss@[::1]:7000/3';
  expect(new Millrace({ ...stores, redisUrl }).addresses?.redisUrl).toBe(redisUrl);
  expect(new Millrace({ only: 'aliases', redisPassword: 'p' }).addresses?.redisUrl).toBe(
    'redis://:p@localhost:6379/0',
  );
});

test('docs/05-library.md names every option that is not its setting in camel case', () => {
  const text = readFileSync(join(__dirname, '..', '..', 'docs', '05-library.md'), 'utf8');
  for (const [name, { env }] of Object.entries<Option>(settings)) {
    const camel = env.toLowerCase().replace(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
    if (camel !== name) expect(text).toMatch(new RegExp(`^\\| \`${env}\` +\\| \`${name}\``, 'm'));
  }
});

test('every setting has an option', () => {
  for (const [name, { env }] of Object.entries<Option>(settings)) {
    // A value no setting takes: it arrives, under this name.
    const { message } = problem(() => settleOptions({ [name]: Symbol(env) }, {}));
    expect(message).toContain(`- ${name} must be`);
  }
});
