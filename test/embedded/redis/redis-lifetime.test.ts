import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from '../../../src/embedded/process/eventually';
import { startRedis } from '../../../src/embedded/redis/redis';
import { askRedis, freePort } from '../../../src/embedded/process/ask-redis';
import { defaultCacheDir, findRedisServer } from '../../../src/embedded/redis/redis-binary';
import { spawnServer } from '../../../src/embedded/process/server-process';
import { callInChild, type Child, killChildren } from '../child';

const folder = mkdtempSync(join(tmpdir(), 'millrace-lifetime-'));
const DEADLINE_MS = 10_000;

afterAll(() => {
  killChildren();
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: Child;
  readonly port: number;
  readonly pid: number;
}

async function startInChild(dataDir: string): Promise<Started> {
  const child = await callInChild({
    module: 'embedded/redis/redis.ts',
    name: 'startRedis',
    args: [{ dataDir }],
  });
  const { port, pid } = child.result as { port: number; pid: number };
  return { child, port, pid };
}

const isGone = (port: number): Promise<boolean> =>
  eventually(async () => (await askRedis(port, 'PING')) === '', DEADLINE_MS);

async function end(child: Child, how: () => void): Promise<void> {
  const exit = once(child.process, 'exit');
  how();
  await exit;
}

describe('an embedded Redis', () => {
  it('ends when the process that started it is killed with kill -9, and keeps its data', async () => {
    const dataDir = join(folder, 'kill-9');
    const { child, port } = await startInChild(dataDir);
    await askRedis(port, 'SET key value');
    await end(child, () => child.process.kill('SIGKILL'));
    expect(await isGone(port)).toBe(true);

    const next = await startRedis({ dataDir });
    expect(await askRedis(next.port, 'GET key')).toContain('value');
    await next.stop();
  });

  it('ends with a process that ends without stopping it', async () => {
    const { child, port } = await startInChild(join(folder, 'forgotten'));
    await end(child, () => child.process.stdin.end());
    expect(child.process.exitCode).toBe(0);
    expect(await isGone(port)).toBe(true);
  });

  it('is in a session of its own, which Ctrl+C in the terminal does not reach', async () => {
    const { child, port, pid } = await startInChild(join(folder, 'session'));
    // A process group that exists is one the server leads.
    expect(() => process.kill(-pid, 0)).not.toThrow();
    await end(child, () => child.process.stdin.end());
    expect(await isGone(port)).toBe(true);
  });

  it('refuses the directory of a server that another process runs', async () => {
    const dataDir = join(folder, 'other-process');
    const { child, port } = await startInChild(dataDir);
    await expect(startRedis({ dataDir })).rejects.toMatchObject({ code: 'E_EMBEDDED_IN_USE' });
    expect(await askRedis(port, 'PING')).toContain('+PONG');
    await end(child, () => child.process.kill('SIGKILL'));
    expect(await isGone(port)).toBe(true);
  });

  it('replaces a server that a killed run left on its directory, and takes over its data', async () => {
    const dataDir = mkdtempSync(join(folder, 'orphan-'));
    const { path, env } = await findRedisServer({ cacheDir: defaultCacheDir() });
    const port = await freePort();
    writeFileSync(join(dataDir, 'redis.port'), `${port}\n`);
    const args = ['--port', String(port), ...'--bind 127.0.0.1 --appendonly yes'.split(' ')];
    const output = openSync(join(dataDir, 'orphan.log'), 'w');
    const orphan = await spawnServer({ path, args, env: { ...process.env, ...env }, cwd: dataDir, output });
    closeSync(output);
    expect(
      await eventually(async () => (await askRedis(port, 'SET key value')).includes('+OK'), DEADLINE_MS),
    ).toBe(true);

    const redis = await startRedis({ dataDir });
    expect(redis.port).toBe(port);
    expect(redis.pid).not.toBe(orphan.pid);
    expect(await orphan.exited).toEqual({ code: 0, signal: null });
    expect(await askRedis(redis.port, 'GET key')).toContain('value');
    await redis.stop();
  });

  it('leaves a foreign server alone that now has the port of an earlier run', async () => {
    const foreign = await startRedis({ dataDir: join(folder, 'foreign'), persist: false });
    const dataDir = mkdtempSync(join(folder, 'reused-port-'));
    writeFileSync(join(dataDir, 'redis.port'), `${foreign.port}\n`);
    const said: string[] = [];
    const redis = await startRedis({ dataDir, persist: false, log: (message) => said.push(message) });
    expect(await askRedis(foreign.port, 'PING')).toContain('+PONG');
    expect(redis.port).not.toBe(foreign.port);
    expect(said).toContain(`Another program has port ${foreign.port}: Redis takes another one`);
    await redis.stop();
    const next = await startRedis({ dataDir, persist: false });
    expect(next.port).toBe(redis.port);
    await next.stop();
    await foreign.stop();
  });
});
