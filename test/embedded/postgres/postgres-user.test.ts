import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { type EmbeddedPostgres, startPostgres } from '../../../src/embedded/postgres/postgres';
import { cacheFor } from '../../../src/embedded/process/server-place';
import { chooseUser } from '../../../src/embedded/process/server-user';
import { packageRoot } from '../../../src/foundation/package-root';
import { askPostgres } from '../../support/ask-postgres';
import { postgresFolder } from '../../support/shared-postgres';
import { callInChild, killChildren } from '../child';

const folder = postgresFolder();
/** Stand-ins that root's servers had to be given outside of `folder`. */
const elsewhere = new Set<string>();
const NOBODY = 65_534;
const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
const [setpriv = '', ...change] = asNobody;
const isRoot = process.geteuid?.() === 0;
const canBeNobody =
  isRoot && spawnSync(setpriv, [...change, 'test', '-r', join(packageRoot, 'package.json')]).status === 0;
const onRoot = isRoot ? describe : describe.skip;
const itAsNobody = canBeNobody ? it : it.skip;

afterAll(() => {
  killChildren();
  for (const path of [folder, ...elsewhere]) rmSync(path, { recursive: true, force: true });
});

/** A folder that only root can enter, as /root is. */
function closedFolder(name: string): string {
  const closed = join(folder, name);
  mkdirSync(closed);
  chmodSync(closed, 0o700);
  return closed;
}

async function start(dataDir: string, lines: string[] = []): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres({ dataDir, persist: false, log: (line) => lines.push(line) });
  if (!postgres.dataDir.startsWith(folder)) elsewhere.add(postgres.dataDir);
  return postgres;
}

const ownerOf = (path: string): number => statSync(path).uid;
const dataOf = (postgres: EmbeddedPostgres): string => join(postgres.dataDir, 'cluster', 'data');

describe('chooseUser', () => {
  it('prefers a user made for Postgres, and takes nobody where there is none', () => {
    const nobody = 'nobody:x:99:98:Nobody:/:/sbin/nologin';
    const postgres = 'postgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash';
    expect(chooseUser(['root:x:0:0::/root:/bin/sh', nobody, postgres].join('\n'))).toEqual({
      uid: 101,
      gid: 104,
    });
    expect(chooseUser(nobody)).toEqual({ uid: 99, gid: 98 });
    expect(chooseUser('')).toEqual({ uid: NOBODY, gid: NOBODY });
  });

  it('takes none that is root by another name, or has a number that means nothing to Node', () => {
    expect(chooseUser('postgres:x:0:0:::\nnobody:*:-2:-2:::')).toEqual({ uid: NOBODY, gid: NOBODY });
  });
});

onRoot('root', () => {
  it('runs Postgres as another user, who owns the data and the password, which others cannot read', async () => {
    const postgres = await start(join(folder, 'plain'));
    expect(postgres.dataDir).toBe(join(folder, 'plain'));
    expect(ownerOf(`/proc/${postgres.pid}`)).not.toBe(0);
    expect(ownerOf(dataOf(postgres))).toBe(ownerOf(`/proc/${postgres.pid}`));
    expect(statSync(dataOf(postgres)).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataOf(postgres), '..', 'password')).mode & 0o777).toBe(0o600);
    await postgres.stop();
  });

  it('puts data that the other user could not reach elsewhere, says where, finds them again after a move, and starts afresh when they are gone', async () => {
    const wanted = join(closedFolder('closed'), 'data');
    const lines: string[] = [];
    const first = await start(wanted, lines);
    expect(first.dataDir.startsWith(folder)).toBe(false);
    expect(lines.join('\n')).toContain(
      `other users cannot reach ${wanted}: its data are in ${first.dataDir}`,
    );
    await askPostgres(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await expect(start(wanted)).rejects.toMatchObject({ code: 'E_EMBEDDED_IN_USE' });
    await first.stop();

    const moved = join(folder, 'closed', 'moved');
    renameSync(wanted, moved);
    const second = await start(moved);
    expect(await askPostgres(second.url, 'SELECT * FROM kept')).toEqual([{ answer: 42 }]);
    // A new folder where the other was before has data of its own.
    const fresh = await start(wanted);
    expect(await askPostgres(fresh.url, `SELECT to_regclass('kept') AS found`)).toEqual([{ found: null }]);
    await Promise.all([second.stop(), fresh.stop()]);

    // So has one whose stand-in is gone.
    rmSync(fresh.dataDir, { recursive: true });
    const third = await start(wanted);
    expect(third.dataDir).not.toBe(fresh.dataDir);
    await third.stop();
  });

  it('does not start with no data where there are some that the other user cannot reach any more', async () => {
    const parent = join(folder, 'closing');
    await (await start(join(folder, 'plain'))).stop();
    mkdirSync(parent);
    renameSync(join(folder, 'plain'), join(parent, 'data'));
    chmodSync(parent, 0o700);
    const starting = start(join(parent, 'data'));
    await expect(starting).rejects.toMatchObject({ code: 'E_EMBEDDED_START' });
    await expect(starting).rejects.toThrow('cannot reach');
  });

  it('keeps programs out of a cache that the other user cannot reach', async () => {
    const closed = closedFolder('cache');
    const user = { uid: NOBODY, gid: NOBODY };
    expect(await cacheFor(folder, user)).toBe(folder);
    const instead = await cacheFor(closed, user);
    expect(instead.startsWith(closed)).toBe(false);
    expect(ownerOf(join(instead, '..'))).toBe(0);
    expect(lstatSync(join(instead, '..')).mode & 0o022).toBe(0);
  });

  itAsNobody('takes turns with an ordinary user, as whom it then runs the server', async () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    chownSync(home, NOBODY, NOBODY);
    chmodSync(home, 0o700);
    const dataDir = join(home, 'data');
    const inChild = () =>
      callInChild({
        module: 'embedded/postgres/postgres.ts',
        name: 'startPostgres',
        args: [{ dataDir, persist: false }],
        env: { HOME: home, XDG_CACHE_HOME: '' },
        prefix: asNobody,
      });
    const child = await inChild();
    const { url, pid } = child.result as EmbeddedPostgres;
    expect(ownerOf(`/proc/${pid}`)).toBe(NOBODY);
    await askPostgres(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const ended = once(child.process, 'exit');
    child.process.kill('SIGKILL');
    await ended;

    const second = await start(dataDir);
    expect(second.dataDir).toBe(dataDir);
    expect(ownerOf(`/proc/${second.pid}`)).toBe(NOBODY);
    expect(await askPostgres(second.url, 'SELECT * FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
    const third = (await inChild()).result as EmbeddedPostgres;
    expect(await askPostgres(third.url, 'SELECT * FROM kept')).toEqual([{ answer: 42 }]);
  });
});
