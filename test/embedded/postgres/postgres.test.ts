import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { Client } from 'pg';

import {
  type EmbeddedPostgres,
  startPostgres,
  type StartPostgresOptions,
} from '../../../src/embedded/postgres/postgres';
import { freePort, LOOPBACK } from '../../../src/embedded/process/ask-redis';
import { askPostgres } from '../../support/ask-postgres';
import { postgresFolder } from '../../support/shared-postgres';

const folder = postgresFolder();
const environment = { ...process.env };
const started: EmbeddedPostgres[] = [];

async function start(name: string, options: Partial<StartPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres({ dataDir: join(folder, name), persist: false, ...options });
  started.push(postgres);
  return postgres;
}

/** The server's settings of these names. */
async function settings(postgres: EmbeddedPostgres, ...names: string[]): Promise<unknown[]> {
  const list = names.map((name) => `current_setting('${name}')`).join(', ');
  const [row] = await askPostgres(postgres.url, `SELECT ARRAY[${list}] AS found`);
  return row?.['found'] as unknown[];
}

/** A program that listens on the port, which it returns (0: any), until closed. */
async function occupy(port: number): Promise<{ readonly port: number; readonly close: () => void }> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, LOOPBACK, resolve));
  const address = other.address();
  const taken = address !== null && typeof address !== 'string' ? address.port : 0;
  return { port: taken, close: () => void other.close() };
}

afterEach(() => {
  process.env = { ...environment };
});

afterAll(async () => {
  await Promise.all(started.map((postgres) => postgres.stop()));
  rmSync(folder, { recursive: true, force: true });
});

describe('startPostgres', () => {
  it('resolves when the server answers on the loopback interface, and stop() ends it', async () => {
    const postgres = await start('kept');
    const { host, port, user, password, database, url } = postgres;
    expect(url).toBe(`postgres://millrace:${password}@127.0.0.1:${port}/ai_models`);
    expect({ host, user, database }).toEqual({ host: LOOPBACK, user: 'millrace', database: 'ai_models' });
    expect(await settings(postgres, 'listen_addresses', 'unix_socket_directories')).toEqual([LOOPBACK, '']);
    await Promise.all([postgres.stop(), postgres.stop()]);
    expect(await postgres.exited).toEqual({ code: 0, signal: null });
    await expect(askPostgres(url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('asks for the password, which is random', async () => {
    const [one, two] = await Promise.all([start('kept'), start('other', { persist: true })]);
    expect(one.password).not.toBe(two.password);
    const wrong = one.url.replace(one.password, two.password);
    await expect(askPostgres(wrong, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await Promise.all([one.stop(), two.stop()]);
  });

  it('keeps data, password and port over a stop and a start, and disconnects whoever is connected', async () => {
    const first = await start('kept', { persist: true });
    expect(await settings(first, 'fsync', 'synchronous_commit')).toEqual(['on', 'on']);
    await askPostgres(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const client = new Client({ connectionString: first.url });
    const disconnected = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    await first.stop();
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(await disconnected).toBeDefined();

    const second = await start('kept', { persist: true });
    expect(second.url).toBe(first.url);
    expect(await askPostgres(first.url, 'SELECT * FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  it('keeps what was committed over a kill -9 of the server, which exited reports', async () => {
    const first = await start('kept');
    await askPostgres(first.url, 'CREATE TABLE killed AS SELECT 42 AS answer');
    first.kill('SIGKILL');
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const second = await start('kept');
    expect(await askPostgres(second.url, 'SELECT * FROM killed')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  it('makes the database again when it was dropped', async () => {
    const first = await start('kept');
    const administration = first.url.replace(/ai_models$/, 'postgres');
    await askPostgres(administration, 'DROP DATABASE ai_models WITH (FORCE)');
    await first.stop();
    const second = await start('kept');
    expect(await askPostgres(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.stop();
  });

  it('takes another port when that of the last run is taken', async () => {
    const first = await start('kept');
    await first.stop();
    const other = await occupy(first.port);
    const second = await start('kept');
    expect(second.port).not.toBe(first.port);
    await second.stop();
    other.close();
  });

  it('uses the port it is given, and says so when that is taken', async () => {
    const port = await freePort();
    const postgres = await start('kept', { port });
    expect(postgres.port).toBe(port);
    await postgres.stop();

    const other = await occupy(0);
    await expect(start('kept', { port: other.port })).rejects.toMatchObject({ code: 'E_PORT_IN_USE' });
    other.close();
  });

  it('refuses a directory that has a server, and takes it once that one is stopped', async () => {
    const first = await start('kept');
    await expect(start('kept')).rejects.toMatchObject({ code: 'E_EMBEDDED_IN_USE' });
    expect(await askPostgres(first.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await first.stop();
    const second = await start('kept');
    await second.stop();
  });

  it('reports the last lines of the log of a server that dies at start', async () => {
    const failing = start('kept', { extraSettings: { no_such_setting: '1' } });
    await expect(failing).rejects.toMatchObject({ code: 'E_EMBEDDED_START' });
    await expect(failing).rejects.toThrow('no_such_setting');
    // The failure must not keep the directory.
    const postgres = await start('kept');
    await postgres.stop();
  });

  it('has the settings of a small machine unless told otherwise', async () => {
    const postgres = await start('kept', { extraSettings: { jit: 'on', max_connections: '17' } });
    const names = ['shared_buffers', 'max_wal_size', 'TimeZone', 'fsync', 'jit', 'max_connections'];
    expect(await settings(postgres, ...names)).toEqual(['128MB', '1GB', 'UTC', 'off', 'on', '17']);
    await postgres.stop();
  });

  it('does not care for locales that are not installed, nor for settings that are meant for clients', async () => {
    Object.assign(process.env, {
      LC_ALL: 'xx_XX.UTF-8',
      PGDATESTYLE: 'German',
      PGDATA: '/nowhere',
      PGPORT: '1',
    });
    const postgres = await start('locale');
    expect(await settings(postgres, 'server_encoding', 'DateStyle', 'lc_messages')).toEqual([
      'UTF8',
      'ISO, MDY',
      'C',
    ]);
    await postgres.stop();
  });
});
