import { copyFileSync, existsSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { firstPass, startCli } from '../support/cli';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { aliasDatabase, temporaryFolder, testRedis, type TestRedis } from '../support/stores';
import { type Application, startApplication } from './support/application-process';

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

type Fate = 'goes on' | 'is stopped' | 'is killed';
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

interface Cell {
  readonly act: Act;
  readonly fate: Fate;
  /** Whether the application keeps its connection through it, instead of being stopped meanwhile. */
  readonly stays: boolean;
  readonly journal: 'WAL' | 'DELETE';
}

async function play({ act, fate, stays, journal }: Cell, number: number): Promise<void> {
  const path = join(folder, `ground-${number}.db`);
  const files: Files = {
    path,
    wal: `${path}-wal`,
    shm: `${path}-shm`,
    old: { path: `${path}.backup`, wal: `${path}-wal.old`, shm: `${path}-shm.old` },
  };
  const made = aliasDatabase(path);
  made.pragma(`journal_mode = ${journal}`);
  made.exec(`INSERT INTO team_aliases VALUES (1, 'n${number} backed up'), (1, 'n${number} too')`);
  made.close();
  copyFileSync(path, files.old.path);
  const db = String(number % 16);
  const url = `${redis.url}/${db}`;
  const environment = { REDIS_URL: url, DB_PATH: path, SYNC_INTERVAL: '3600' };
  const follower = redis.client.duplicate({ db: Number(db) });
  follower.on('error', () => undefined);
  try {
    const daemon =
      fate === 'is killed'
        ? startCli(['run', '--only', 'aliases'], { ...environment, HTTP_PORT: '0' }, folder)
        : await startDaemon(environment);
    if ('ended' in daemon) await firstPass(daemon);
    const alive = 'ended' in daemon ? daemon.ended : daemon.running;
    const follows = async (aliases: readonly string[]) =>
      eventually(
        async () =>
          expect((await follower.keys('alias:team:*')).sort()).toEqual(
            aliases.map((alias) => `alias:team:${alias}`).sort(),
          ),
        { alive, within: 20_000 },
      );
    const told = () =>
      eventually(
        () =>
          'ended' in daemon
            ? /SQLite file|changelog does not go on|gone, and another/.test(daemon.output())
            : daemon.log.lines.some(({ message }) => /SQLite file|the changelog does not go on/.test(message)),
        { within: 10_000 },
      );

    await application.open(path);
    await application.commit(path, `INSERT INTO team_aliases VALUES (2, 'n${number} before')`);
    for (const kind of ['wal', 'shm'] as const)
      if (existsSync(files[kind])) copyFileSync(files[kind], files.old[kind]);
    await application.commit(path, `INSERT INTO team_aliases VALUES (2, 'n${number} later')`);
    await follows(await application.aliases(path));
    if (!stays) await application.close(path);

    acts[act](files);
    // A -wal of another time beside the -shm of this one: whoever opens the file meanwhile is misled, by any reader there is.
    if (/an older -wal|truncates -wal|deletes -wal/.test(act) && fate === 'goes on' && !stays)
      await eventually(() => !existsSync(files.wal) || true);

    if (!stays) await application.open(path);
    for (let row = 0; row < 20; row++)
      await application.commit(path, `INSERT INTO team_aliases VALUES (3, 'n${number} row ${row}')`);
    const committed = await application.aliases(path);
    expect(committed.length).toBeGreaterThanOrEqual(20);

    if (fate === 'goes on' && !stays) {
      await follows(committed);
      await told();
    }
    if ('ended' in daemon) {
      daemon.child.kill('SIGKILL');
      await daemon.ended;
    } else if (fate === 'is stopped') await daemon.stop();
    await application.close(path);
    if (fate === 'goes on') {
      await follows(committed);
      if (!('ended' in daemon)) await daemon.stop();
    }

    await auditor.open(path);
    expect(await auditor.aliases(path)).toEqual(committed);
    expect(await auditor.check(path)).toBe('ok');
    await auditor.close(path);
  } finally {
    follower.disconnect();
  }
}

const fates: readonly Fate[] = ['goes on', 'is stopped', 'is killed'];
const cells: readonly Cell[] = [
  ...(Object.keys(acts) as Act[]).flatMap((act) =>
    fates.map((fate) => ({ act, fate, stays: false, journal: 'WAL' as const })),
  ),
];

test.each(cells.map((cell, number) => ({ ...cell, number })))(
  'the owner of a $journal file $act, and the daemon $fate: every committed row is there',
  async ({ number, ...cell }) => {
    await play(cell, number);
  },
);
