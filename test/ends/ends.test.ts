import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import Redis from 'ioredis';
import { Millrace } from '../../src/index';
import { freePort } from '../../src/embedded/process/ask-redis';
import { packageRoot } from '../../src/foundation/package-root';
import { startCli } from '../support/cli';
import { eventually } from '../support/eventually';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';
import { type Fate, halfWay, type HalfWay } from './support/half-way';
import { endOf, type Ended, runVerb } from './support/in-process';

/**
 * Every verb and every call ends in bounded time and leaves no connection open, whichever store does not answer, or stops to in the
 * middle of whatever.
 */
const folder = temporaryFolder();
const dbPath = join(folder, 'aliases.db');
const db = aliasDatabase(dbPath);
db.exec("INSERT INTO team_aliases VALUES (1, 'rmcf')");
let redis: TestRedis;
let postgres: TestPostgres;
const before = { ...process.env };

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  await runVerb('migrate', { ...quiet, REDIS_URL: redis.url, POSTGRES_URL: postgres.url });
});
afterAll(() => {
  jest.restoreAllMocks();
  process.env = before;
  db.close();
});

const quiet = { DB_PATH: dbPath, LOG_LEVEL: 'error', HTTP_PORT: '1', MILLRACE_DIR: folder };
/** For a machine that does all of this at once; support-bundle asks a Redis that does not answer four times. */
const boundMs = 45_000;

type Store = 'redis' | 'postgres';
const both: readonly Store[] = ['redis', 'postgres'];

const verbs: readonly (readonly [line: string, stores: readonly Store[]])[] = [
  ['run --once --only archive', both],
  ['run --once --only aliases', ['redis']],
  ['reconcile --only archive', both],
  ['reconcile --only aliases', ['redis']],
  ['reconcile --dry-run --only archive', both],
  ['reconcile --dry-run --only aliases', ['redis']],
  ['status --only archive', both],
  ['status --only aliases', ['redis']],
  ['doctor --only archive', both],
  ['doctor --only aliases', ['redis']],
  ['trace aidb:prediction:1', both],
  ['trace team/rmcf', ['redis']],
  ['migrate', both],
  ['migrate --dry-run', ['postgres']],
  ['resume', both],
  ['dead-letters list', ['postgres']],
  ['dead-letters retry --all', ['postgres']],
  ['retention --days 30', both],
  ['warm', both],
];

type Call = (millrace: Millrace) => Promise<unknown>;
const calls: Readonly<Record<string, Call>> = {
  fullSync: (millrace) => millrace.fullSync(),
  'fullSync, stopped': async (millrace) => {
    const passing = millrace.fullSync();
    await millrace.stop();
    return passing;
  },
  'start, stop': async (millrace) => {
    await millrace.start().catch(() => undefined);
    await millrace.stop();
  },
  'stop while it starts': async (millrace) => {
    millrace.start().catch(() => undefined);
    await millrace.stop();
  },
  'deadLetters.list': (millrace) => millrace.deadLetters.list(),
  resume: (millrace) => millrace.resume('archive'),
};

const fates: Readonly<Record<string, Fate | 'refused'>> = {
  'is down': 'refused',
  'takes connections and never answers': { answers: 0, then: 'silence' },
  'falls silent in the middle of the greeting': { answers: 2, then: 'silence' },
  'falls silent in the middle of the work': { answers: 6, then: 'silence' },
  'goes away in the middle of the work': { answers: 6, then: 'an end' },
};

const at = (url: string, port: number): string => {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
};
const portOf = (url: string): number => Number(new URL(url).port);

/** Everything at once, with one of the stores in that state. */
async function ends(store: Store, fate: Fate | 'refused', proxies: HalfWay[]): Promise<readonly Ended[]> {
  const urls = { redis: redis.url, postgres: postgres.url };
  const proxy = fate === 'refused' ? { port: await freePort() } : await halfWay(portOf(urls[store]), fate);
  if ('open' in proxy) proxies.push(proxy);
  urls[store] = at(urls[store], proxy.port);
  const env = { ...quiet, REDIS_URL: urls.redis, POSTGRES_URL: urls.postgres };
  const options = { redisUrl: urls.redis, postgresUrl: urls.postgres, dbPath };
  return Promise.all([
    ...verbs
      .filter(([, stores]) => stores.includes(store))
      .map(([line]) => endOf(line, runVerb(line, env), boundMs)),
    endOf(
      'support-bundle',
      runVerb(`support-bundle --only archive ${join(folder, `${proxy.port}.gz`)}`, env),
      boundMs,
    ),
    ...Object.entries(calls).map(([name, call]) => endOf(name, call(new Millrace(options)), boundMs)),
    ...(store === 'redis' ? [endOf('syncAliases', new Millrace(options).syncAliases(), boundMs)] : []),
  ]);
}

/** What is open to either server by the name of Millrace. */
async function openConnections(): Promise<readonly string[]> {
  const sessions = await postgres.query(
    "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'millrace%'",
  );
  const clients = String(await redis.client.client('LIST')).match(/name=millrace\S+/g) ?? [];
  return [...sessions.map((row) => String(row['application_name'])), ...clients];
}

/** What keeps a process alive. */
const handles = (): readonly string[] =>
  process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|TLSWrap|ProcessWrap)$/.test(name));

test.each(both)(
  'whatever %s does, every verb and every call of the library ends, and nothing stays open',
  async (store) => {
    // The longest of silences, that of a statement, ten times as fast.
    const { setTimeout: later, setInterval: again } = globalThis;
    const faster = (ms = 0) => (ms >= 60_000 && ms < 70_000 ? ms / 10 : ms);
    const spies = [
      jest
        .spyOn(globalThis, 'setTimeout')
        .mockImplementation((f: () => void, ms?: number) => later(f, faster(ms))),
      jest
        .spyOn(globalThis, 'setInterval')
        .mockImplementation((f: () => void, ms?: number) => again(f, faster(ms))),
    ];
    const proxies: HalfWay[] = [];
    const held = handles().length;
    try {
      const found = await Promise.all(
        Object.entries(fates).map(async ([state, fate]) => ({
          state,
          ended: await ends(store, fate, proxies),
        })),
      );
      const never = found.flatMap(({ state, ended }) =>
        ended.filter(({ result }) => result === undefined).map(({ what }) => `${store} ${state}: ${what}`),
      );
      expect(never).toEqual([]);
      await eventually(async () => expect(await openConnections()).toEqual([]));
      await eventually(() => expect(proxies.map((proxy) => proxy.open())).toEqual(proxies.map(() => 0)));
      await eventually(() => expect(handles().length).toBeLessThanOrEqual(held));
    } finally {
      for (const spy of spies) spy.mockRestore();
      for (const proxy of proxies) await proxy.close();
    }
  },
  150_000,
);

test('a pass that is asked for ends when its pipeline is paused in the middle of it', async () => {
  const stores = { redisUrl: redis.url, postgresUrl: postgres.url, dbPath, interval: 3600 };
  const other = new Redis(redis.url);
  try {
    // Paused after it was looked whether it is: as the first command of the pass is executed.
    for (const [only, pause] of [
      [
        'aliases',
        () => other.set('millrace:aliases:pause', JSON.stringify({ at: Date.now(), by: 'a test' })),
      ],
      [
        'archive',
        () => postgres.query("UPDATE millrace.checkpoint SET paused_at = now(), paused_by = 'a test'"),
      ],
    ] as const) {
      const millrace = new Millrace({ ...stores, only });
      await millrace.start();
      await eventually(() => millrace.status()?.ready);
      await pause();
      const paused = eventually(() => millrace.status()?.[only]?.paused != null);
      const asked = endOf(only, millrace.reconcile(only), 10_000);
      await paused;
      expect(await asked).toEqual({ what: only, result: 'E_PAUSED' });
      await millrace.stop();
    }
  } finally {
    other.disconnect();
    await redis.client.del('millrace:aliases:pause');
    await postgres.query('UPDATE millrace.checkpoint SET paused_at = NULL');
  }
});

test('a process that has only been refused ends by itself: of the command line, and of a program with the library', async () => {
  const env = { REDIS_URL: at(redis.url, await freePort()), POSTGRES_URL: postgres.url, DB_PATH: dbPath };
  const program = `
    const { Millrace } = require(${JSON.stringify(join(packageRoot, 'dist', 'src', 'index.js'))});
    const millrace = new Millrace({ redisUrl: process.env.REDIS_URL, postgresUrl: process.env.POSTGRES_URL, only: 'archive' });
    (async () => {
      for (let n = 0; n < 10; n++) await millrace.fullSync().then(() => process.exit(9), () => undefined);
      await millrace.stop();
    })();`;
  const library = spawn(process.execPath, ['-e', program], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const exits = [
    once(library, 'exit').then(([code]) => Number(code)),
    ...['run --once --only archive', 'reconcile --only archive'].map(
      async (line) => (await startCli(line.split(' '), env, folder).ended).code,
    ),
  ];
  try {
    expect(await Promise.all(exits)).toEqual([0, 1, 1]);
    await eventually(async () => expect(await openConnections()).toEqual([]));
  } finally {
    library.kill('SIGKILL');
  }
});
