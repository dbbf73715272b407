import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from 'pg';

import { eventually } from '../../../src/embedded/process/eventually';
import { startPostgres } from '../../../src/embedded/postgres/postgres';
import { clusterOf } from '../../../src/embedded/process/server-place';
import { askPostgres } from '../../support/ask-postgres';
import { postgresFolder } from '../../support/shared-postgres';
import { callInChild, type Child, killChildren } from '../child';

const folder = postgresFolder();
/** Of whichever test is running; a table is named for the test that makes it. */
const dataDir = join(folder, 'data');
const DEADLINE_MS = 10_000;
const answers = [{ answer: 42 }];

afterAll(() => {
  killChildren();
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: Child;
  readonly url: string;
  readonly pid: number;
}

async function startInChild(dataDir: string): Promise<Started> {
  const call = {
    module: 'embedded/postgres/postgres.ts',
    name: 'startPostgres',
    args: [{ dataDir, persist: false }],
  };
  const child = await callInChild(call);
  const { url, pid } = child.result as { url: string; pid: number };
  return { child, url, pid };
}

const isGone = (url: string): Promise<boolean> =>
  eventually(
    () =>
      askPostgres(url, 'SELECT 1').then(
        () => false,
        (error: unknown) => (error as { code?: string }).code === 'ECONNREFUSED',
      ),
    DEADLINE_MS,
  );

async function end(child: Child, how: () => void): Promise<void> {
  const exit = once(child.process, 'exit');
  how();
  await exit;
}

const pidFile = (dataDir: string): string => join(clusterOf(dataDir), 'postmaster.pid');

describe('an embedded Postgres', () => {
  it('ends in order when the process that started it is killed with kill -9, whoever is connected', async () => {
    const { child, url } = await startInChild(dataDir);
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('CREATE TABLE kept_by_kill AS SELECT 42 AS answer');
    await end(child, () => child.process.kill('SIGKILL'));
    expect(await isGone(url)).toBe(true);
    // Fast shutdown, as opposed to a crash, removes it, last of all.
    expect(
      await eventually(
        () => Promise.resolve(!readdirSync(clusterOf(dataDir)).includes('postmaster.pid')),
        DEADLINE_MS,
      ),
    ).toBe(true);

    const next = await startPostgres({ dataDir, persist: false });
    expect(next.url).toBe(url);
    expect(await askPostgres(url, 'SELECT * FROM kept_by_kill')).toEqual(answers);
    await next.stop();
  });

  it('ends with a process that ends without stopping it', async () => {
    const { child, url } = await startInChild(dataDir);
    await end(child, () => child.process.stdin.end());
    expect(child.process.exitCode).toBe(0);
    expect(await isGone(url)).toBe(true);
  });

  it('is in a session of its own, and its directory is refused to other processes', async () => {
    const { child, url, pid } = await startInChild(dataDir);
    // A process group that exists is one the server leads: Ctrl+C in the terminal does not reach it.
    expect(() => process.kill(-pid, 0)).not.toThrow();
    await expect(startPostgres({ dataDir })).rejects.toMatchObject({ code: 'E_EMBEDDED_IN_USE' });
    await askPostgres(url, 'SELECT 1');
    await end(child, () => child.process.stdin.end());
    expect(await isGone(url)).toBe(true);
  });

  it('replaces a server that a killed run left on its directory, and takes over its data', async () => {
    const { child, url, pid } = await startInChild(dataDir);
    await askPostgres(url, 'CREATE TABLE kept_by_orphan AS SELECT 42 AS answer');
    // A stopped server cannot follow the watchdog's signal before the next start finds it.
    process.kill(pid, 'SIGSTOP');
    await end(child, () => child.process.kill('SIGKILL'));
    const lines: string[] = [];
    const log = (message: string) => {
      lines.push(message);
      process.kill(pid, 'SIGCONT');
    };
    const next = await startPostgres({ dataDir, persist: false, log });
    expect(lines).toEqual([expect.stringContaining(`pid ${pid}`)]);
    expect(next.pid).not.toBe(pid);
    expect(await askPostgres(next.url, 'SELECT * FROM kept_by_orphan')).toEqual(answers);
    await next.stop();
  });

  it('starts beside a foreign process that now has the pid of a killed server, and leaves it alone', async () => {
    const first = await startPostgres({ dataDir, persist: false });
    await askPostgres(first.url, 'CREATE TABLE kept_when_stale AS SELECT 42 AS answer');
    const foreign = await startPostgres({ dataDir: join(folder, 'foreign'), persist: false });
    first.kill('SIGKILL');
    await first.exited;
    const [, ...rest] = readFileSync(pidFile(dataDir), 'utf8').split('\n');
    writeFileSync(pidFile(dataDir), [String(foreign.pid), ...rest].join('\n'));

    const next = await startPostgres({ dataDir, persist: false });
    expect(await askPostgres(next.url, 'SELECT * FROM kept_when_stale')).toEqual(answers);
    await askPostgres(foreign.url, 'SELECT 1');
    await Promise.all([next.stop(), foreign.stop()]);
  });

  it('waits for a session that goes on writing after its server was killed', async () => {
    const first = await startPostgres({ dataDir, persist: false });
    const busyUntil = Date.now() + 2000;
    const loop = `WHILE clock_timestamp() < to_timestamp(${busyUntil / 1000}) LOOP END LOOP;`;
    const busy = askPostgres(first.url, `DO $$ BEGIN ${loop} END $$`).catch(() => undefined);
    const active = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %'`;
    expect(
      await eventually(async () => (await askPostgres(first.url, active)).length === 1, DEADLINE_MS),
    ).toBe(true);
    first.kill('SIGKILL');
    await first.exited;

    const next = await startPostgres({ dataDir, persist: false });
    expect(Date.now()).toBeGreaterThan(busyUntil);
    await busy;
    await next.stop();
  });

  it('starts afresh after a kill -9 in the middle of initdb', async () => {
    const dataDir = join(folder, 'half-finished');
    const starting = startInChild(dataDir);
    const initdbIsAtWork = () => {
      try {
        const names = readdirSync(dataDir, { recursive: true, encoding: 'utf8' });
        return Promise.resolve(names.some((name) => /^unfinished-.*\bpg_wal$/.test(name)));
      } catch {
        return Promise.resolve(false); // not even the folder is there yet
      }
    };
    expect(await eventually(initdbIsAtWork, DEADLINE_MS)).toBe(true);
    killChildren();
    await expect(starting).rejects.toThrow('before it answered');
    expect(readdirSync(dataDir)).not.toContain('cluster');

    const next = await startPostgres({ dataDir, persist: false });
    await askPostgres(next.url, 'SELECT 1');
    expect(readdirSync(dataDir).filter((name) => name.startsWith('unfinished-'))).toEqual([]);
    await next.stop();
  });
});
