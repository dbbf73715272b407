import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Millrace, type LogEntry, type MillraceOptions, type PipelineEvent } from '../../src/index';
import { startRedis } from '../../src/embedded/redis/redis';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';

const folder = temporaryFolder();
const dbPath = join(folder, 'aliases.db');
const db = aliasDatabase(dbPath);
db.exec("INSERT INTO team_aliases VALUES (1, 'rmcf')");
let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
const opened: Millrace[] = [];
afterEach(async () => {
  for (const millrace of opened.splice(0)) await millrace.stop();
});
afterAll(() => db.close());

function open(options: MillraceOptions = {}): Millrace {
  const millrace = new Millrace({ only: 'aliases', redisUrl: redis.url, dbPath, ...options });
  opened.push(millrace);
  return millrace;
}

const code = (expected: string) => expect.objectContaining({ code: expected }) as unknown;

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

test('without Redis a pass fails within seconds; started, it waits for Redis and goes on by itself', async () => {
  const port = await freePort();
  const millrace = open({ redisUrl: `redis://127.0.0.1:${port}` });
  const events: PipelineEvent[] = [];
  millrace.events$.subscribe((event) => events.push(event));
  const begunAt = Date.now();
  await expect(millrace.syncAliases()).rejects.toEqual(code('E_REDIS_UNREACHABLE'));
  expect(Date.now() - begunAt).toBeLessThan(10_000);
  await millrace.start();
  expect(millrace.status()).toMatchObject({
    ready: false,
    aliases: { failure: { code: 'E_REDIS_UNREACHABLE' } },
  });
  await expect(millrace.syncAliases()).rejects.toEqual(code('E_REDIS_UNREACHABLE'));
  const server = await startRedis({ dataDir: join(folder, 'late'), persist: false, port });
  try {
    await eventually(() => millrace.status()?.ready);
    expect(await millrace.syncAliases()).toMatchObject({ total: 1, added: 0 });
    await eventually(() =>
      expect(events.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['failed', 'recovered', 'pass-done']),
      ),
    );
    expect(events.filter(({ type }) => type === 'failed')).toHaveLength(1);
  } finally {
    await millrace.stop();
    await server.stop();
  }
});

test('what only a person can mend is told by start, by finished and by the next start', async () => {
  await redis.client.config('SET', 'requirepass', 'right');
  try {
    const millrace = open({ redisPassword: 'wrong' });
    await expect(millrace.start()).rejects.toEqual(code('E_REDIS_AUTH'));
    await expect(millrace.finished).rejects.toEqual(code('E_REDIS_AUTH'));
    expect(millrace.running).toBe(false);
    await expect(millrace.syncAliases()).rejects.toEqual(code('E_REDIS_AUTH'));
    await expect(millrace.runContinuous()).rejects.toEqual(code('E_REDIS_AUTH'));
    await millrace.stop();
    await redis.client.config('SET', 'requirepass', 'wrong');
    await millrace.start();
    await millrace.stop();
    await redis.client.config('SET', 'requirepass', '');
    await expect(open({ dbPath: join(folder, 'none.db') }).start()).rejects.toEqual(code('E_DB_MISSING'));
  } finally {
    await redis.client.config('SET', 'requirepass', '');
  }
});

test('a fatal error after the start ends it, and finished tells', async () => {
  const port = await freePort();
  const lines: LogEntry[] = [];
  const millrace = open({
    redisUrl: `redis://127.0.0.1:${port}`,
    logLevel: 'error',
    log: (entry) => {
      lines.push(entry);
    },
  });
  await millrace.start();
  await redis.client.config('SET', 'requirepass', 'x');
  // The way to it opens only now.
  const way = createServer((socket) => {
    const there = connect(redis.server.port, '127.0.0.1');
    for (const end of [socket, there]) end.on('error', () => undefined);
    socket.pipe(there).pipe(socket);
  }).listen(port, '127.0.0.1');
  try {
    await expect(millrace.finished).rejects.toEqual(code('E_REDIS_AUTH'));
    expect([millrace.running, millrace.status()]).toEqual([false, undefined]);
    expect(lines.map(({ fields }) => fields)).toContainEqual(code('E_REDIS_AUTH'));
  } finally {
    way.close();
    await redis.client.config('SET', 'requirepass', '');
  }
});

test('nothing is printed, unless it is asked for; a log function gets what its level lets through', async () => {
  const printed: unknown[] = [];
  const spies = [
    ...(['stdout', 'stderr'] as const).map((stream) =>
      jest.spyOn(process[stream], 'write').mockImplementation((text) => printed.push(text) > 0),
    ),
  ];
  const entries: LogEntry[] = [];
  try {
    await using silent = open();
    await silent.start();
    await silent.syncAliases();
    await silent.stop();
    expect(printed).toEqual([]);
    const told = open({ log: (entry) => entries.push(entry), logLevel: 'debug' });
    await told.syncAliases();
    expect(printed).toEqual([]);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  expect(entries).toContainEqual(
    expect.objectContaining({
      level: 'info',
      fields: expect.objectContaining({ event: 'pass.done' }) as unknown,
    }),
  );
});

test('health and metrics are served only if asked for; a port that is taken is told by start', async () => {
  const one = open({ httpPort: 0 });
  await one.start();
  const url = one.httpUrl ?? '';
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('process_cpu_seconds_total');
  const taken = open({ httpPort: Number(new URL(url).port) });
  await expect(taken.start()).rejects.toEqual(code('E_HTTP_PORT'));
  const none = open();
  await none.start();
  expect(none.httpUrl).toBeUndefined();
});

test('a pipeline that is left out cannot be asked for', async () => {
  const millrace = open();
  await expect(millrace.fullSync()).rejects.toEqual(code('E_NOT_RUN'));
  await expect(millrace.pause('archive')).rejects.toEqual(code('E_NOT_RUN'));
  await expect(millrace.deadLetters.list()).rejects.toEqual(code('E_POSTGRES_URL'));
  await expect(new Millrace({ embedded: true }).fullSync()).rejects.toEqual(code('E_NOT_RUN'));
  expect(new Millrace({ embedded: true }).addresses).toBeUndefined();
});
