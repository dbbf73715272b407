import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { useArchive } from '../archive/support/archive';
import { loadConfig } from '../../src/config/load';
import type { MillraceError } from '../../src/foundation/errors';
import { Millrace } from '../../src/index';
import { withStores } from '../../src/config/left-out';
import { diagnose } from '../../src/doctor/diagnose';
import { runCli } from '../support/run-cli';
import { eventually } from '../support/eventually';
import { keepLog, startDaemon } from '../support/daemon';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';

const archive = useArchive();
const folder = temporaryFolder();
const empty = join(folder, 'empty');
const withFile = join(folder, 'with-file');
const absent = join(folder, 'absent.db');

beforeAll(() => {
  mkdirSync(empty);
  mkdirSync(withFile);
  const db = aliasDatabase(join(withFile, 'sports_data.db'));
  db.exec("INSERT INTO team_aliases VALUES (1, 'rmcf')");
  db.close();
});

describe('of all combinations of stores and of what is asked for', () => {
  /** What is run, or the code of the error; what is left out is told with the setting that would change it. */
  const outcomes = (dbPath: string | undefined, cwd: string, postgres: boolean, only?: string) => {
    const from = process.cwd();
    process.chdir(cwd);
    try {
      const { pipelines, leftOut } = withStores(
        loadConfig({
          DB_PATH: dbPath,
          POSTGRES_URL: postgres ? 'postgresql://u@h/d' : undefined,
          MILLRACE_ONLY: only,
        }),
      );
      for (const { pipeline, message, hint } of leftOut) {
        expect(message).toContain(pipeline);
        expect(message + hint).toContain(pipeline === 'archive' ? 'POSTGRES_URL' : 'DB_PATH');
      }
      return [...pipelines, ...leftOut.map(({ pipeline }) => `-${pipeline}`)].join(' ');
    } catch (error) {
      return (error as MillraceError).code;
    } finally {
      process.chdir(from);
    }
  };

  test.each`
    file                   | postgres | only         | outcome
    ${'none'}              | ${false} | ${undefined} | ${'E_NO_STORES'}
    ${'none'}              | ${false} | ${'aliases'} | ${'aliases'}
    ${'none'}              | ${false} | ${'archive'} | ${'archive'}
    ${'none'}              | ${true}  | ${undefined} | ${'archive -aliases'}
    ${'none'}              | ${true}  | ${'aliases'} | ${'aliases'}
    ${'none'}              | ${true}  | ${'archive'} | ${'archive'}
    ${'default'}           | ${false} | ${undefined} | ${'aliases -archive'}
    ${'default'}           | ${false} | ${'aliases'} | ${'aliases'}
    ${'default'}           | ${false} | ${'archive'} | ${'archive'}
    ${'default'}           | ${true}  | ${undefined} | ${'aliases archive'}
    ${'default'}           | ${true}  | ${'archive'} | ${'archive'}
    ${'named'}             | ${false} | ${undefined} | ${'aliases -archive'}
    ${'named'}             | ${true}  | ${undefined} | ${'aliases archive'}
    ${'named and absent'}  | ${false} | ${undefined} | ${'aliases -archive'}
    ${'named and absent'}  | ${true}  | ${undefined} | ${'aliases archive'}
    ${'link into nothing'} | ${true}  | ${undefined} | ${'aliases archive'}
  `('file $file, Postgres $postgres, only $only: $outcome', ({ file, postgres, only, outcome }) => {
    const named: Record<string, string> = {
      named: join(withFile, 'sports_data.db'),
      'named and absent': absent,
    };
    const cwd = file === 'default' ? withFile : file === 'link into nothing' ? join(folder, 'link') : empty;
    if (file === 'link into nothing') {
      mkdirSync(cwd);
      symlinkSync(absent, join(cwd, 'sports_data.db'));
    }
    expect(outcomes(named[file as string], cwd, postgres as boolean, only as string | undefined)).toBe(
      outcome,
    );
  });
});

test('each verb works on what has its stores, says what it leaves out, and fails for what is asked for by name', async () => {
  await (await archive.start()).stop();
  const { REDIS_URL = '', POSTGRES_URL = '' } = archive.environment();
  const redis = { REDIS_URL, HTTP_PORT: '0' };
  const aliases = { env: redis, cwd: withFile };
  const records = { env: { ...redis, POSTGRES_URL }, cwd: empty };
  const nothing = { env: redis, cwd: empty };
  const noFile = { env: { ...redis, POSTGRES_URL, DB_PATH: absent }, cwd: empty };
  const without = {
    archive: /archive .* left out, .*POSTGRES_URL/,
    aliases: /aliases .* left out, .*DB_PATH/,
  };
  const rows: readonly (readonly [string, typeof aliases, number, RegExp])[] = [
    ['run --once', aliases, 0, without.archive],
    ['reconcile --dry-run', aliases, 0, without.archive],
    ['status', aliases, 1, without.archive], // no triggers: it was once that it ran
    ['doctor', aliases, 1, without.archive],
    ['run --once --only archive', aliases, 1, /POSTGRES_URL not set \(E_POSTGRES_URL\)/],
    ['dead-letters list', aliases, 0, /Every row of the alias tables can be served/],
    ['dead-letters retry --all', aliases, 1, /E_POSTGRES_URL/],
    ['run --once', records, 0, without.aliases],
    ['status', records, 0, without.aliases],
    ['run --once --only aliases', records, 1, /E_DB_MISSING/],
    ['run --once', nothing, 1, /E_NO_STORES/],
    ['doctor', nothing, 1, /E_NO_STORES/],
    ['run --once', noFile, 1, /E_DB_MISSING/],
    ['status', noFile, 1, /E_DB_MISSING/],
    ['dead-letters list', noFile, 1, /E_DB_MISSING/],
    ['pause', records, 0, /aliases: paused[^]*archive: paused/], // it needs no file
    ['pause', aliases, 0, without.archive],
  ];
  for (const [verb, { env, cwd }, code, said] of rows) {
    const ended = await runCli(verb.split(' '), env, cwd);
    expect({ verb, ...ended }).toEqual({ verb, code, output: expect.stringMatching(said) as string });
  }
}, 120_000);

test('a daemon that leaves a pipeline out warns at its start, says so in its status, and is ready', async () => {
  const { REDIS_URL = '' } = archive.environment();
  const config = withStores(
    loadConfig({ REDIS_URL, HTTP_PORT: '0', DB_PATH: join(withFile, 'sports_data.db') }),
  );
  const daemon = await startDaemon({}, { config });
  expect(daemon.log.lines).toContainEqual({
    level: 'warn',
    message: expect.stringMatching(/POSTGRES_URL is not set$/) as string,
    fields: expect.objectContaining({ event: 'left-out', pipeline: 'archive' }) as object,
  });
  const status = await daemon.status();
  expect(status).toMatchObject({ ready: true, archive: null, leftOut: [{ pipeline: 'archive' }] });
  expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200);
  // Once something has been written for it, it was forgotten rather than unwanted.
  await archive.redis.client.xadd('millrace:changes', '*', 'model', '1');
  const again = await startDaemon({}, { config });
  await eventually(async () =>
    expect(await again.status()).toMatchObject({
      ready: false,
      troubles: [
        expect.stringMatching(/^E_LEFT_BEHIND: archive is left out, but millrace:changes/) as string,
      ],
    }),
  );
  expect((await fetch(`${again.url}/readyz`)).status).toBe(503);
  const doctor = await diagnose(config);
  expect(doctor).toContainEqual({
    level: 'problem',
    what: expect.stringContaining('E_LEFT_BEHIND') as string,
    remedy: expect.stringContaining('MILLRACE_ONLY=aliases') as string,
  });
  await expect(daemon.control.reconcile('archive')).rejects.toMatchObject({
    code: 'E_NOT_RUN',
    message: expect.stringContaining('POSTGRES_URL is not set') as string,
  });
});

test('the library runs what has its stores, and says of the other why not', async () => {
  const { REDIS_URL: redisUrl } = archive.environment();
  const { lines, ...log } = keepLog();
  const millrace = new Millrace({
    redisUrl,
    dbPath: join(withFile, 'sports_data.db'),
    log: ({ level, message }) => {
      log[level](message);
    },
  });
  await millrace.start();
  expect(millrace.status()).toMatchObject({ archive: null, leftOut: [{ pipeline: 'archive' }] });
  expect(lines.some(({ level, message }) => level === 'warn' && message.includes('POSTGRES_URL'))).toBe(true);
  expect((await millrace.syncAliases()).total).toBe(1);
  await expect(millrace.fullSync()).rejects.toMatchObject({ code: 'E_NOT_RUN' });
  await expect(millrace.pause('archive')).rejects.toMatchObject({ code: 'E_POSTGRES_URL' });
  await millrace.stop();
});
