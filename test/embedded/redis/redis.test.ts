import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type EmbeddedRedis, startRedis, type StartRedisOptions } from '../../../src/embedded/redis/redis';
import { askRedis, freePort, LOOPBACK } from '../../../src/embedded/process/ask-redis';

const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'));
const started: EmbeddedRedis[] = [];

async function start(name: string, options: Partial<StartRedisOptions> = {}): Promise<EmbeddedRedis> {
  const redis = await startRedis({ dataDir: join(folder, name), persist: false, ...options });
  started.push(redis);
  return redis;
}

afterAll(async () => {
  await Promise.all(started.map((redis) => redis.stop()));
  rmSync(folder, { recursive: true, force: true });
});

describe('startRedis', () => {
  it('resolves when the server answers on the loopback interface, and stop() ends it', async () => {
    const redis = await start('plain');
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`);
    expect(await askRedis(redis.port, 'PING')).toContain('+PONG');
    expect(await askRedis(redis.port, 'CONFIG GET bind')).toMatch(/\r\n127\.0\.0\.1\r\n/);
    await Promise.all([redis.stop(), redis.stop()]);
    expect(await redis.exited).toEqual({ code: 0, signal: null });
    expect(await askRedis(redis.port, 'PING')).toBe('');
  });

  it('keeps the data over a stop and a start unless told not to', async () => {
    for (const [persist, expected] of [
      [true, '$5\r\nvalue'],
      [false, '$-1'],
    ] as const) {
      const name = `persist-${persist}`;
      const first = await start(name, { persist });
      await askRedis(first.port, 'SET key value');
      await first.stop();
      const second = await start(name, { persist });
      expect(await askRedis(second.port, 'GET key')).toContain(expected);
    }
  });

  it('keeps the data over a kill -9 of the server, which exited reports', async () => {
    const first = await start('killed', { persist: true });
    await askRedis(first.port, 'SET key value');
    first.kill('SIGKILL');
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const second = await start('killed', { persist: true });
    expect(await askRedis(second.port, 'GET key')).toContain('value');
  });

  it('runs several servers side by side in different directories', async () => {
    const [one, two] = await Promise.all([start('one'), start('two')]);
    expect(one.port).not.toBe(two.port);
    await askRedis(one.port, 'SET key value');
    expect(await askRedis(two.port, 'GET key')).toContain('$-1');
  });

  it('refuses a directory that has a server, and takes it once that one is stopped', async () => {
    const first = await start('busy');
    await expect(start('busy')).rejects.toMatchObject({ code: 'E_EMBEDDED_IN_USE' });
    expect(await askRedis(first.port, 'PING')).toContain('+PONG');
    await first.stop();
    await expect(start('busy')).resolves.toBeDefined();
  });

  it('uses the port it is given, and says so when that is taken', async () => {
    const port = await freePort();
    expect((await start('port', { port })).port).toBe(port);

    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, LOOPBACK, resolve));
    const address = other.address();
    const taken = address !== null && typeof address !== 'string' ? address.port : 0;
    try {
      await expect(start('taken', { port: taken })).rejects.toMatchObject({ code: 'E_PORT_IN_USE' });
    } finally {
      other.close();
    }
  });

  it('reports the last lines of the log of a server that dies at start', async () => {
    const failing = start('failing', { extraArgs: ['--no-such-setting', '1'] });
    await expect(failing).rejects.toMatchObject({ code: 'E_EMBEDDED_START' });
    await expect(failing).rejects.toThrow('no-such-setting');
    // The failure must not keep the directory.
    await expect(start('failing')).resolves.toBeDefined();
  });

  it('passes further arguments on to the server', async () => {
    const redis = await start('arguments', { extraArgs: ['--maxmemory', '64mb'] });
    expect(await askRedis(redis.port, 'CONFIG GET maxmemory')).toContain('67108864');
  });
});
