import { copyFileSync, existsSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fold, foldingOf } from '../../../src/aliases/source/file/alone';
import { describeError } from '../../../src/foundation/errors';
import { firstPass, startCli } from '../../support/cli';
import { startDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { aliasDatabase } from '../../support/alias-database';
import { temporaryFolder } from '../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../support/stores';
import { type Application, startApplication } from '../support/application-process';

/**
 * What takes the ground from under an open connection: the file, its -wal or its -shm deleted, replaced, moved. Afterwards the file
 * has exactly the rows that its application committed, whatever becomes of the daemon, and Redis follows.
 */
const folder = temporaryFolder();
let redis: TestRedis;
let application: Application;
let auditor: Application;

beforeAll(async () => {
  redis = await testRedis();
  application = startApplication();
  auditor = startApplication();
});
afterAll(async () => {
  await application.stop();
  await auditor.stop();
});

interface Files {
  readonly path: string;
  readonly wal: string;
  readonly shm: string;
  /** A copy of the file from before the daemon came, and of -wal and -shm from a moment ago. */
  readonly old: { readonly path: string; readonly wal: string; readonly shm: string };
}
const remove = (...paths: readonly string[]) => {
  for (const path of paths) rmSync(path, { force: true });
};
const move = (from: string, to: string) => {
  if (existsSync(from)) renameSync(from, to);
};

/** What an owner does to the files. */
const acts = {
  'deletes -shm': ({ shm }: Files) => {
    remove(shm);
  },
  'deletes -wal': ({ wal }: Files) => {
    remove(wal);
  },
  'deletes both': ({ wal, shm }: Files) => {
    remove(wal, shm);
  },
  'moves both away': ({ wal, shm }: Files) => {
    move(wal, `${wal}.away`);
    move(shm, `${shm}.away`);
  },
  'puts an older -wal in its place': ({ wal, old }: Files) => {
    move(old.wal, wal);
  },
  'puts an older -shm in its place': ({ shm, old }: Files) => {
    move(old.shm, shm);
  },
  'copies a backup over the file': ({ path, old }: Files) => {
    copyFileSync(old.path, path);
  },
  'moves a backup over the file': ({ path, old }: Files) => {
    move(old.path, path);
  },
  'truncates -wal': ({ wal }: Files) => {
    truncateSync(wal);
  },
  'copies a backup over the file and deletes both': ({ path, wal, shm, old }: Files) => {
    copyFileSync(old.path, path);
    remove(wal, shm);
  },
  'deletes both and copies a backup over the file': ({ path, wal, shm, old }: Files) => {
    remove(wal, shm);
    copyFileSync(old.path, path);
  },
  'moves a backup over the file and deletes both': ({ path, wal, shm, old }: Files) => {
    move(old.path, path);
    remove(wal, shm);
  },
} as const;
type Act = keyof typeof acts;

/** What becomes of the daemon after the application's commits. */
type Fate = 'goes on' | 'is stopped' | 'is killed';

interface Cell {
  readonly act: Act;
  readonly fate: Fate;
  /** The application keeps its connection through it, instead of being stopped meanwhile. */
  readonly stays?: boolean;
  readonly journal?: 'WAL' | 'DELETE';
}

/** What is in the file in the end, and what Redis holds. */
interface Outcome {
  readonly aliases: readonly string[];
  readonly check: string;
  readonly keys: readonly string[];
}

let played = 0;

/** @returns what has to be, and what is */
async function play({
  act,
  fate,
  stays = false,
  journal = 'WAL',
}: Cell): Promise<readonly [Outcome, Outcome]> {
  const number = ++played;
  const path = join(folder, `ground-${number}.db`);
  const files: Files = {
    path,
    wal: `${path}-wal`,
    shm: `${path}-shm`,
    old: { path: `${path}.backup`, wal: `${path}-wal.old`, shm: `${path}-shm.old` },
  };
  const made = aliasDatabase(path);
  made.pragma(`journal_mode = ${journal}`);
  made.exec("INSERT INTO team_aliases VALUES (1, 'backed up'), (1, 'and this')");
  made.close();
  copyFileSync(path, files.old.path);

  // A Redis database of its own: there are sixteen, and fewer acts than that.
  const database = number % 16;
  const client = redis.client.duplicate({ db: database });
  try {
    await client.flushdb();
    const environment = { REDIS_URL: `${redis.url}/${database}`, DB_PATH: path, SYNC_INTERVAL: '3600' };
    const cli =
      fate === 'is killed'
        ? startCli(['run', '--only', 'aliases'], { ...environment, HTTP_PORT: '0' }, folder)
        : undefined;
    if (cli !== undefined) await firstPass(cli);
    const daemon = cli === undefined ? await startDaemon(environment) : undefined;
    const alive: Promise<unknown> = cli?.ended ?? daemon?.running ?? Promise.resolve();
    const keys = async () => (await client.keys('alias:team:*')).map((key) => key.slice(11)).sort();
    const follows = async (aliases: readonly string[]) =>
      eventually(async () => expect(await keys()).toEqual([...aliases].sort()), { alive, within: 20_000 });

    await application.open(path);
    await application.commit(path, "INSERT INTO team_aliases VALUES (2, 'before')");
    for (const kind of ['wal', 'shm'] as const)
      if (existsSync(files[kind])) copyFileSync(files[kind], files.old[kind]);
    await application.commit(path, "INSERT INTO team_aliases VALUES (2, 'later')");
    await follows(await application.aliases(path));
    if (!stays) await application.close(path);

    acts[act](files);

    if (!stays) await application.open(path);
    for (let row = 0; row < 20; row++)
      await application.commit(path, `INSERT INTO team_aliases VALUES (3, 'row ${row}')`);
    const committed = await application.aliases(path);
    // Long enough at rest for everything that Millrace does to a file then.
    if (fate === 'goes on')
      await eventually(
        () => Date.now() - Math.max(...[path, files.wal].map((name) => modified(name))) > restMs,
        { alive },
      );
    if (fate === 'is killed') {
      cli?.child.kill('SIGKILL');
      await cli?.ended;
    }
    await application.close(path);
    if (fate === 'goes on') await follows(committed);
    await daemon?.stop();

    await auditor.open(path);
    const outcome = {
      aliases: await auditor.aliases(path),
      check: await auditor.check(path),
      keys: fate === 'goes on' ? await keys() : [],
    };
    await auditor.close(path);
    const expected = {
      aliases: committed,
      check: 'ok',
      keys: fate === 'goes on' ? [...committed].sort() : [],
    };
    return [expected, outcome];
  } finally {
    client.disconnect();
  }
}

const restMs = 4_000;
const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Each takes some seconds of rest; but this process stands still while one opens its file (see alone.ts). */
const atOnce = 4;

async function playAll(cells: readonly Cell[]): Promise<void> {
  const outcomes: PromiseSettledResult<readonly [Outcome, Outcome]>[] = [];
  for (let at = 0; at < cells.length; at += atOnce)
    outcomes.push(...(await Promise.allSettled(cells.slice(at, at + atOnce).map((cell) => play(cell)))));
  const told = (of: (pair: readonly [Outcome, Outcome]) => Outcome) =>
    new Map(
      outcomes.map((outcome, at) => [
        cells[at]?.act,
        outcome.status === 'fulfilled' ? of(outcome.value) : describeError(outcome.reason).message,
      ]),
    );
  expect(told(([, found]) => found)).toEqual(told(([expected]) => expected));
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
}

const all = Object.keys(acts) as Act[];
const fates: readonly Fate[] = ['goes on', 'is stopped'];
const inWal = all.filter((act) => !/over the file$/.test(act) || act.startsWith('deletes'));

test.each(fates)(
  'the application is stopped for it; the daemon %s',
  async (fate) => {
    await playAll(inWal.map((act) => ({ act, fate })));
  },
  120_000,
);

test.each(fates)(
  'the application keeps its connection; the daemon %s',
  async (fate) => {
    const survivable: readonly Act[] = ['deletes -shm', 'deletes -wal', 'deletes both', 'moves both away'];
    await playAll(survivable.map((act) => ({ act, fate, stays: true })));
  },
  120_000,
);

test.each(fates)(
  'a rollback-journal file; the daemon %s',
  async (fate) => {
    await playAll(
      all.filter((act) => act.includes('backup')).map((act) => ({ act, fate, journal: 'DELETE' as const })),
    );
  },
  120_000,
);

test('the application is stopped for it; the daemon, a process of its own, is killed', async () => {
  // A killed process closes nothing; few acts will do, and each takes a process.
  await playAll([
    { act: 'deletes both', fate: 'is killed' },
    { act: 'copies a backup over the file and deletes both', fate: 'is killed' },
  ]);
}, 120_000);

test('a log that is folded is emptied, and nothing is deleted by name: by then the names may be of another file that came into its place', async () => {
  const path = join(folder, 'folded.db');
  aliasDatabase(`${path}.open`).close();
  await application.open(`${path}.open`);
  await application.commit(`${path}.open`, "INSERT INTO team_aliases VALUES (1, 'in the log')");
  const inodes = () => ['-wal', '-shm'].map((suffix) => statSync(path + suffix).ino);
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(`${path}.open${suffix}`, path + suffix);
  await application.close(`${path}.open`);
  const before = inodes();
  expect(await fold(foldingOf(path))).toBe('folded');
  expect([inodes(), statSync(`${path}-wal`).size]).toEqual([before, 0]);
  await auditor.open(path);
  expect(await auditor.aliases(path)).toEqual(['in the log']);
  await auditor.close(path);
});
