import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { eventually } from '../../src/embedded/process/eventually';
import { startPostgres } from '../../src/embedded/postgres/postgres';
import { closeFolder } from '../../src/embedded/process/private-folder';
import { askRedis, freePort } from '../../src/embedded/process/ask-redis';
import { defaultCacheDir, findRedisServer } from '../../src/embedded/redis/redis-binary';
import { spawnServer } from '../../src/embedded/process/server-process';
import { guardedPostgres, guardedRedis } from '../../src/embedded/servers';
import { askPostgres } from '../support/ask-postgres';
import { postgresFolder } from '../support/shared-postgres';

const folder = postgresFolder();
const persist = false;
const log = () => undefined;
const isRoot = process.geteuid?.() === 0;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** As version 0.1 left it: no password, as ourselves, its data beside our files. */
async function oldRedis(home: string): Promise<void> {
  const dataDir = join(home, 'redis');
  mkdirSync(dataDir, { recursive: true });
  const { path, env } = await findRedisServer({ cacheDir: defaultCacheDir() });
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--appendonly', 'yes', '--save', ''];
  const output = openSync(join(dataDir, 'redis.log'), 'w', 0o644);
  const server = await spawnServer({ path, args, env: { ...process.env, ...env }, cwd: dataDir, output });
  closeSync(output);
  const written = async () => (await askRedis(port, 'SET kept value')).includes('+OK');
  expect(await eventually(written, 10_000)).toBe(true);
  await server.stop();
}

const ownerOf = (path: string): number => statSync(path).uid;

describe('servers with passwords', () => {
  it('take over the data of version 0.1, whose Redis had no password and whose Postgres was used as superuser', async () => {
    const home = join(folder, 'old');
    mkdirSync(home, { mode: 0o755 });
    await oldRedis(home);
    const old = await startPostgres({ dataDir: join(home, 'postgres'), persist });
    await askPostgres(
      old.url,
      `CREATE SCHEMA "mill'race"; CREATE TYPE mood AS ENUM ('ok');
       CREATE DOMAIN "mill'race".short AS text CHECK (length(value) < 9);
       CREATE TABLE "Kept" (id serial PRIMARY KEY, now mood, at "mill'race".short) PARTITION BY RANGE (id);
       CREATE TABLE part PARTITION OF "Kept" DEFAULT; CREATE SEQUENCE alone; CREATE VIEW seen AS SELECT * FROM "Kept";
       CREATE MATERIALIZED VIEW stored AS SELECT 1 AS one; CREATE TYPE pair AS (a int, b int);
       CREATE FUNCTION again(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
       CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
       CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int);
       INSERT INTO "Kept" (now) VALUES ('ok')`,
    );
    await old.stop();

    expect(closeFolder(home)).toBe(true);
    const options = { folder: home, persist, log };
    const [redis, postgres] = await Promise.all([
      guardedRedis({ folder: home, log }),
      guardedPostgres(options),
    ]);
    const auth = `AUTH ${new URL(redis.url).password}`;
    expect(await askRedis(redis.port, 'GET kept')).toContain('-NOAUTH');
    expect(await askRedis(redis.port, auth, 'GET kept')).toContain('value');
    expect(existsSync(join(home, 'redis', 'appendonlydir'))).toBe(false);

    const left = `SELECT format('%s %s', classid::regclass, objid) AS what FROM pg_shdepend
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND deptype = 'o'
        AND refobjid <> 'millrace_owner'::regrole
      UNION ALL SELECT relname FROM pg_class WHERE relowner = 10 AND relnamespace = 'public'::regnamespace
      UNION ALL SELECT proname FROM pg_proc WHERE proowner = 10 AND pronamespace = 'public'::regnamespace
      UNION ALL SELECT typname FROM pg_type WHERE typowner = 10 AND typnamespace = 'public'::regnamespace
      UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner = 10 AND nspname !~ '^pg_' AND nspname <> 'information_schema'`;
    expect(await askPostgres(postgres.url, left)).toEqual([]);
    expect(await askPostgres(postgres.url, `INSERT INTO "Kept" (now) VALUES ('ok') RETURNING id`)).toEqual([
      { id: 2 },
    ]);
    await askPostgres(postgres.url, 'ALTER TABLE "Kept" ADD more text; DROP VIEW seen; DROP FUNCTION again');
    for (const refused of [
      `COPY part FROM PROGRAM 'id'`,
      `COPY part TO '/tmp/millrace-test-part'`,
      `SELECT pg_read_file('postgresql.conf')`,
      `ALTER ROLE millrace_owner SUPERUSER`,
      `ALTER SYSTEM SET jit = on`,
    ])
      await expect(askPostgres(postgres.url, refused)).rejects.toMatchObject({ code: '42501' });
    if (isRoot) for (const { pid } of [redis, postgres]) expect(ownerOf(`/proc/${pid}`)).not.toBe(0);
    await Promise.all([redis.stop(), postgres.stop()]);

    // The next start: another password for Redis, the same for Postgres, which now finds all done.
    const [second, same] = await Promise.all([guardedRedis({ folder: home, log }), guardedPostgres(options)]);
    expect(new URL(second.url).password).not.toBe(new URL(redis.url).password);
    expect(await askRedis(second.port, auth, 'GET kept')).toContain('-WRONGPASS');
    expect(same.url).toBe(postgres.url);
    expect(await askPostgres(same.url, 'SELECT count(*)::int AS n FROM "Kept"')).toEqual([{ n: 2 }]);
    // A password that is lost is made anew; so is one that somebody has changed.
    await same.stop();
    rmSync(same.passwordFile);
    const third = await guardedPostgres(options);
    expect(await askPostgres(third.url, 'SELECT current_user AS me')).toEqual([{ me: 'millrace_owner' }]);
    expect(third.password).not.toBe(same.password);
    await Promise.all([second.stop(), third.stop()]);
  }, 120_000);

  it('do not choose between two sets of data', async () => {
    const home = join(folder, 'two');
    for (const name of ['redis/data/appendonlydir', 'redis/appendonlydir'])
      mkdirSync(join(home, name), { recursive: true });
    const starting = guardedRedis({ folder: home, persist, log });
    await expect(starting).rejects.toMatchObject({ code: 'E_EMBEDDED_START' });
    await expect(starting).rejects.toThrow('two places');
  });

  it('write through no link that stands where a secret will be', async () => {
    const home = join(folder, 'link');
    const redis = await guardedRedis({ folder: home, persist, log });
    await redis.stop();
    const victim = join(home, 'victim');
    writeFileSync(victim, 'untouched');
    for (const name of ['password', 'password.new', 'redis.conf']) {
      rmSync(join(home, 'redis', name), { force: true });
      symlinkSync(victim, join(home, 'redis', name));
    }
    const next = await guardedRedis({ folder: home, persist, log });
    for (const name of ['password', 'redis.conf'])
      expect(statSync(join(home, 'redis', name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    await next.stop();
  });
});

describe('closeFolder', () => {
  const modeOf = (path: string) => statSync(path).mode & 0o777;
  const closed = isRoot ? 0o710 : 0o700;

  it.each<[string, number, readonly string[], boolean, number]>([
    ['makes one that others cannot enter', 0, [], true, closed],
    ['closes an open one', 0o777, [], true, closed],
    [
      'closes one of version 0.1',
      0o755,
      ['redis', 'postgres', 'daemon.json', 'daemon.json.4711'],
      true,
      closed,
    ],
    ['leaves one with other things in it, and says so', 0o755, ['redis', 'thesis'], false, 0o755],
    ['leaves one with other things in it that is closed', 0o700, ['redis', 'thesis'], true, 0o700],
  ])('%s', (name, mode, contents, answer, after) => {
    const path = join(folder, name);
    if (mode !== 0) {
      mkdirSync(path);
      for (const entry of contents) mkdirSync(join(path, entry));
      // Not by mkdir, which the umask narrows.
      chmodSync(path, mode);
    }
    expect(closeFolder(path)).toBe(answer);
    expect(modeOf(path)).toBe(after);
  });
});
