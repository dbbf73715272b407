import { rename } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { killedInTheMiddle } from '../killed';
import type { Case } from '../program';
import type { CacheScene } from './scene';

const sql =
  (...statements: readonly string[]) =>
  ({ db }: CacheScene): void => {
    for (const statement of statements) db.exec(statement);
  };

/** So many aliases, one in a transaction. */
function insertMany(db: Database.Database, from: number, to: number): void {
  const insert = db.prepare('INSERT INTO team_aliases (team_id, alias) VALUES (1, ?)');
  for (let at = from; at < to; at++) insert.run(`many ${at}`);
}

/** They are not in the backup, or in the snapshot of Redis. */
const lostChanges = [
  "INSERT INTO team_aliases (team_id, alias) VALUES (1, 'not in the backup')",
  "UPDATE team_aliases SET team_id = 4 WHERE alias = 'a 5'",
];

export const cacheCases: readonly Case<CacheScene>[] = [
  {
    name: 'insert',
    what: 'INSERT',
    run: sql("INSERT INTO team_aliases (team_id, alias) VALUES (1, 'rmcf')"),
  },
  {
    name: 'update',
    what: 'UPDATE of the id',
    run: sql("UPDATE team_aliases SET team_id = 2 WHERE alias = 'a 1'"),
  },
  { name: 'delete', what: 'DELETE', run: sql("DELETE FROM team_aliases WHERE alias = 'a 1'") },
  {
    name: 'key',
    what: 'UPDATE of the alias, which is the key',
    run: sql("UPDATE team_aliases SET alias = 'renamed' WHERE alias = 'a 1'"),
  },
  {
    name: 'upsert',
    what: 'INSERT … ON CONFLICT DO UPDATE',
    run: sql(
      "INSERT INTO team_aliases VALUES (1, 1, 'upserted') ON CONFLICT (id) DO UPDATE SET alias = excluded.alias",
    ),
  },
  {
    name: 'replace',
    what: 'INSERT OR REPLACE: a row with another alias goes',
    run: sql("INSERT OR REPLACE INTO team_aliases VALUES (1, 1, 'replaced')"),
  },
  {
    name: 'update-replace',
    what: 'UPDATE OR REPLACE: the row that is in the way goes',
    run: sql("UPDATE OR REPLACE team_aliases SET id = 5 WHERE alias = 'a 1'"),
  },
  {
    name: 'cascade',
    what: 'DELETE of a team, ON DELETE CASCADE',
    run: sql('DELETE FROM teams WHERE id = 7'),
  },
  {
    name: 'rollback',
    what: 'a transaction that is rolled back',
    run: sql(
      'BEGIN',
      'DELETE FROM team_aliases',
      'ROLLBACK',
      "UPDATE team_aliases SET team_id = 2 WHERE alias = 'a 1'",
    ),
  },
  {
    name: 'rebuild',
    what: 'the table is rebuilt (ALTER in 12 steps), then an INSERT',
    run: sql(
      'BEGIN',
      'CREATE TABLE made_anew (id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL, alias TEXT NOT NULL, noted TEXT)',
      'INSERT INTO made_anew SELECT *, NULL FROM team_aliases',
      'DROP TABLE team_aliases',
      'ALTER TABLE made_anew RENAME TO team_aliases',
      'COMMIT',
      "INSERT INTO team_aliases (team_id, alias) VALUES (2, 'after the rebuild')",
    ),
  },
  {
    name: 'restore',
    what: 'a backup is restored into the file, then an INSERT',
    run: (scene) =>
      fromBackup(scene, async (backup) => {
        const copy = new Database(backup);
        await copy.backup(scene.dbPath); // page by page, as `.restore` of the sqlite3 shell does it
        copy.close();
      }),
  },
  {
    name: 'replaced-file',
    what: 'a backup is put in place of the file, then an INSERT',
    run: (scene) => fromBackup(scene, (backup) => rename(backup, scene.dbPath)),
  },
  {
    name: 'kill',
    what: 'kill -9 in the middle of 2,000 changes, and a new start',
    run: (scene) =>
      killedInTheMiddle(scene, async () => {
        for (let at = 0; at < 2_000; at += 20) {
          insertMany(scene.db, at, at + 20);
          await delay(1);
        }
      }),
  },
  {
    name: 'away',
    what: 'stopped while 200 changes are made, and a new start',
    run: async ({ db, program }) => {
      await program.stop();
      insertMany(db, 0, 200);
      db.exec("DELETE FROM team_aliases WHERE alias = 'a 1'");
      program.start();
    },
  },
  { name: 'flush', what: 'FLUSHALL', run: ({ client }) => client.flushall() },
  {
    name: 'snapshot',
    what: 'Redis is killed and starts with an older snapshot',
    run: async (scene) => {
      await scene.client.save();
      sql(...lostChanges)(scene);
      await delay(settleMs);
      if (!scene.follows) await scene.program.pass?.();
      await scene.restartRedis();
    },
  },
  {
    name: 'lost-key',
    what: 'somebody deletes a key in Redis',
    run: ({ client }) => client.del('alias:team:a 1'),
  },
  {
    name: 'expiry',
    what: 'a key in Redis expires, that somebody gave a lifetime',
    run: async ({ client }) => {
      await client.pexpire('alias:team:a 1', 10);
      await delay(50);
    },
  },
];

/** Long enough for whoever follows to have applied what was written. */
const settleMs = 300;

/** The file is as it was two changes ago; then the application goes on. */
async function fromBackup(scene: CacheScene, put: (backup: string) => Promise<unknown>): Promise<void> {
  const backup = `${scene.dbPath}.backup`;
  await scene.db.backup(backup);
  sql(...lostChanges)(scene);
  await delay(settleMs);
  if (!scene.follows) await scene.program.pass?.();
  await scene.withoutFile(() => put(backup));
  sql("INSERT INTO team_aliases (team_id, alias) VALUES (3, 'after the restore')")(scene);
}
