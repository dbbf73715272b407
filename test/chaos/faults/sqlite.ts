import { existsSync, renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import type { Scene } from '../scene/scene';
import type { Fault } from './fault';
import { pause, surely, times } from './surely';

const party = 'sqlite';

/** On a connection of its own, as an administrator would. */
async function withFile<T>({ dbPath }: Scene, work: (db: Database.Database) => T | Promise<T>): Promise<T> {
  const db = new Database(dbPath, { fileMustExist: true, timeout: 5_000 });
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

/** Brings all that the -wal has into the file. @throws while somebody reads it */
const emptyWal = (scene: Scene): Promise<void> =>
  withFile(scene, (db) => {
    const [{ busy } = { busy: 1 }] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    if (busy !== 0) throw new Error('somebody reads the -wal');
  });

/** Another file takes its name; the application is stopped meanwhile, and nothing of it is left in a -wal. */
async function replace(scene: Scene, make: (path: string) => Promise<void>): Promise<void> {
  const fresh = `${scene.dbPath}.fresh`;
  const { writers } = scene;
  if (writers === undefined) throw new Error('nobody writes');
  await writers.whileStopped('cache', async () => {
    rmSync(fresh, { force: true });
    await make(fresh);
    await surely(() => emptyWal(scene));
    renameSync(fresh, scene.dbPath);
    for (const beside of ['-wal', '-shm']) rmSync(scene.dbPath + beside, { force: true });
  });
}

const copyTo = (scene: Scene, path: string): Promise<void> =>
  withFile(scene, (db) => {
    db.prepare('VACUUM INTO ?').run(path);
    const copy = new Database(path);
    copy.pragma('journal_mode = WAL');
    copy.close();
  });

/** The twelve steps of ALTER, in one transaction: the triggers are gone with the old table. */
const rebuild = `
  CREATE TABLE teams_new (id TEXT PRIMARY KEY, name TEXT, slot TEXT UNIQUE); INSERT INTO teams_new SELECT id, name, slot FROM teams;
  DROP TABLE teams; ALTER TABLE teams_new RENAME TO teams;
  CREATE TABLE aliases_new (team_id TEXT, alias TEXT UNIQUE, slot TEXT UNIQUE);
  INSERT INTO aliases_new SELECT team_id, alias, slot FROM team_aliases;
  DROP TABLE team_aliases; ALTER TABLE aliases_new RENAME TO team_aliases;`;

export const sqliteFaults: readonly Fault[] = [
  {
    party,
    name: 'sqlite-rebuilt',
    what: 'tables are made anew by the twelve steps of ALTER, which drop the triggers; three times',
    run: (scene, random) =>
      times(3, async () => {
        await withFile(scene, (db) => { db.transaction(() => { db.exec(rebuild); }).immediate(); }); // prettier-ignore
        await pause(random, 300, 2_000);
      }),
  },
  {
    party,
    name: 'sqlite-triggers-dropped',
    what: 'somebody drops the triggers, and changes go by unlogged until they are back',
    run: async (scene, random) => {
      await withFile(scene, (db) => {
        const names = db
          .prepare<[], string>(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'millrace%'",
          )
          .pluck()
          .all();
        db.transaction(() => { for (const name of names) db.exec(`DROP TRIGGER "${name}"`); }).immediate(); // prettier-ignore
      });
      await pause(random, 1_000, 2_000);
    },
  },
  {
    party,
    name: 'sqlite-changelog-emptied',
    what: 'somebody empties the changelog, whose numbers begin anew',
    run: async (scene, random) => {
      await withFile(scene, (db) => db.exec('DELETE FROM millrace_changelog'));
      await pause(random, 1_000, 2_000);
    },
  },
  {
    party,
    name: 'sqlite-replaced',
    what: 'a copy of the file takes its place by rename, twice',
    run: (scene, random) =>
      times(2, async () => {
        await replace(scene, (path) => copyTo(scene, path));
        await pause(random, 500, 2_000);
      }),
  },
  {
    party,
    name: 'sqlite-older',
    what: 'a copy of some seconds ago takes its place by rename',
    alone: 'the file forgets what was committed',
    run: async (scene, random) => {
      const older = `${scene.dbPath}.older`;
      await copyTo(scene, older);
      await pause(random, 1_000, 3_000);
      await scene.rewind('sqlite', () => replace(scene, (path) => { renameSync(older, path); return Promise.resolve(); })); // prettier-ignore
      await pause(random, 1_000, 2_000);
    },
  },
  {
    party,
    name: 'sqlite-restored-in-place',
    what: 'a copy of some seconds ago is restored into it by the backup API',
    alone: 'the file forgets what was committed',
    run: async (scene, random) => {
      const older = `${scene.dbPath}.older`;
      await copyTo(scene, older);
      await pause(random, 1_000, 3_000);
      await scene.rewind('sqlite', () =>
        scene.writers?.whileStopped('cache', async () => {
          const copy = new Database(older);
          await surely(() => copy.backup(scene.dbPath));
          copy.close();
          rmSync(older);
        }),
      );
      await pause(random, 1_000, 2_000);
    },
  },
  {
    party,
    name: 'sqlite-moved-away',
    what: 'the file is away for as long as health needs to say so, and comes back',
    run: async (scene) => {
      const away = `${scene.dbPath}.away`;
      await scene.writers?.whileStopped('cache', async () => {
        const since = monotonicMs();
        renameSync(scene.dbPath, away);
        for (const beside of ['-wal', '-shm'])
          if (existsSync(scene.dbPath + beside)) renameSync(scene.dbPath + beside, away + beside);
        try {
          await scene.turnsRed(since);
        } finally {
          for (const beside of ['-wal', '-shm'])
            if (existsSync(away + beside)) renameSync(away + beside, scene.dbPath + beside);
          renameSync(away, scene.dbPath);
        }
      });
      await delay(1_000);
    },
  },
  {
    party,
    name: 'sqlite-wal-removed',
    what: 'an administrator removes -wal and -shm, which are empty, while Millrace has the file open',
    run: async (scene, random) => {
      await scene.writers?.whileStopped('cache', async () => {
        await surely(() => emptyWal(scene));
        for (const beside of ['-wal', '-shm']) rmSync(scene.dbPath + beside, { force: true });
      });
      await pause(random, 1_000, 2_000);
    },
  },
  {
    party,
    name: 'sqlite-wal-removed-under-application',
    what: 'somebody removes -wal and -shm under the application, which goes on writing into what has no name until it closes the file',
    alone: 'what is written meanwhile has no name, and ends with whoever has it open, if that is killed',
    run: async (scene, random) => {
      const since = monotonicMs();
      for (const beside of ['-wal', '-shm']) rmSync(scene.dbPath + beside, { force: true });
      await scene.turnsRed(since);
      await pause(random, 500, 3_000);
      await scene.writers?.whileStopped('cache', () => pause(random, 0, 1_000));
    },
  },
  {
    party,
    hitsWriters: true,
    name: 'sqlite-locked',
    what: 'somebody holds the write lock for three seconds, then all of the file for two',
    run: (scene) =>
      withFile(scene, async (db) => {
        for (const [lock, ms] of [
          ['IMMEDIATE', 3_000],
          ['EXCLUSIVE', 2_000],
        ] as const) {
          await surely(() => Promise.resolve(db.exec(`BEGIN ${lock}`)));
          await delay(ms);
          db.exec('COMMIT');
        }
      }),
  },
  {
    party,
    hitsWriters: true,
    name: 'sqlite-vacuum',
    what: 'VACUUM, which gives the rows of a table without a key other numbers; three times',
    run: (scene, random) =>
      times(3, async () => {
        await withFile(scene, (db) => db.exec('VACUUM'));
        await pause(random, 300, 1_500);
      }),
  },
  {
    party,
    hitsWriters: true,
    name: 'sqlite-journal-mode',
    what: 'the journal becomes a rollback journal, and a WAL again, as soon as nobody else has the file open',
    run: async (scene, random) => {
      for (const mode of ['DELETE', 'WAL'] as const) {
        await scene.writers?.whileStopped('cache', () =>
          withFile(scene, async (db) => {
            // Who has it open keeps the mode: it is asked for as an administrator would ask, and given up.
            for (
              let n = 0;
              n < 40 && db.pragma('journal_mode', { simple: true }) !== mode.toLowerCase();
              n++
            ) {
              try {
                db.pragma(`journal_mode = ${mode}`);
              } catch {
                await delay(25);
              }
            }
          }),
        );
        await pause(random, 1_000, 2_500);
      }
    },
  },
];
