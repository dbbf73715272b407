import { copyFileSync, renameSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { installCapture } from '../../src/aliases/source/install-capture';
import { defaultMappings } from '../../src/mapping/alias-tables';
import { AliasSource } from '../../src/aliases/source/source';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';

/** What the file's owner does under a running daemon; with an interval of an hour nothing but the daemon's own notice repairs it. */
const folder = temporaryFolder();
let redis: TestRedis;
let path: string;
let db: Database.Database;
let daemon: TestDaemon;
let files = 0;

beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  path = join(folder, `owner-${String(++files)}.db`);
  db = aliasDatabase(path);
  db.exec("INSERT INTO team_aliases VALUES (1, 'kept'), (1, 'first')");
  daemon = await startDaemon({ REDIS_URL: redis.url, DB_PATH: path, SYNC_INTERVAL: '3600' });
});
afterEach(() => {
  db.close();
});

/** Within a second it is noticed; a little more for this machine. */
const becomes = (alias: string, value: string | null) =>
  eventually(async () => expect(await redis.client.get(`alias:team:${alias}`)).toBe(value), {
    alive: daemon.running,
    within: 3_000,
  });
const reports = (pattern: RegExp) =>
  eventually(
    () => expect(daemon.log.lines.map((line) => line.message)).toContainEqual(expect.stringMatching(pattern)),
    {
      alive: daemon.running,
      within: 3_000,
    },
  );

test('a log that was emptied is noticed by whoever looks first, and stays noticed until the file is opened anew', () => {
  const source = AliasSource.open({ path, mappings: defaultMappings, aliasCase: 'preserve' });
  expect(source.changes()).toBe('same');
  truncateSync(`${path}-wal`);
  expect(source.standing()).toBe('altered');
  expect(source.changes()).toBe('altered');
  source.close();
});

test('a table rebuilt as in the 12-step ALTER, changed between the drop and the notice, is captured again', async () => {
  db.exec(`BEGIN;
    CREATE TABLE new_aliases (id INTEGER PRIMARY KEY, team_id INTEGER, alias TEXT UNIQUE);
    INSERT INTO new_aliases (team_id, alias) SELECT team_id, alias FROM team_aliases WHERE alias = 'kept';
    DROP TABLE team_aliases;
    ALTER TABLE new_aliases RENAME TO team_aliases;
    INSERT INTO team_aliases (team_id, alias) VALUES (2, 'unseen');
    COMMIT`);
  await becomes('unseen', '["2"]');
  await becomes('first', null);
  await reports(/capture was mended/);
  db.exec("INSERT OR REPLACE INTO team_aliases (id, team_id, alias) VALUES (1, 9, 'replaced')");
  await becomes('replaced', '["9"]');
  await becomes('kept', null);
});

test('a table renamed away leaves its keys alone, and renamed back is served again', async () => {
  db.exec('ALTER TABLE team_aliases RENAME TO old_aliases');
  await reports(/team_aliases missing/);
  db.exec("INSERT INTO old_aliases VALUES (5, 'meanwhile')");
  db.exec('ALTER TABLE old_aliases RENAME TO team_aliases');
  await becomes('meanwhile', '["5"]');
  await becomes('kept', '["1"]');
  db.exec("INSERT INTO team_aliases VALUES (6, 'after')");
  await becomes('after', '["6"]');
});

test('a dropped table never deletes; the others go on; created again it is captured and passed over', async () => {
  db.exec('DROP TABLE team_aliases');
  await reports(/team_aliases missing/);
  db.exec("INSERT INTO player_aliases VALUES (3, 'p')");
  await eventually(async () => expect(await redis.client.get('alias:player:p')).toBe('["3"]'));
  expect(await redis.client.get('alias:team:kept')).toBe('["1"]');
  db.exec(
    "CREATE TABLE team_aliases (team_id INTEGER, alias TEXT); INSERT INTO team_aliases VALUES (4, 'new')",
  );
  await becomes('new', '["4"]');
  await becomes('kept', null);
});

test('a column added, a new unique key and VACUUM do not stop the tail', async () => {
  db.exec('ALTER TABLE team_aliases ADD COLUMN note TEXT');
  db.exec('CREATE UNIQUE INDEX by_note ON team_aliases (note)');
  await reports(/millrace_team_before_insert is out of date/);
  db.exec("UPDATE team_aliases SET note = 'n' WHERE alias = 'first'");
  db.exec("INSERT OR REPLACE INTO team_aliases VALUES (7, 'second', 'n')");
  await becomes('second', '["7"]');
  await becomes('first', null);
  db.exec('VACUUM');
  db.exec("INSERT INTO team_aliases (team_id, alias) VALUES (8, 'vacuumed')");
  await becomes('vacuumed', '["8"]');
});

/** A write-ahead log with something in it belongs to the file beside it: only then may the file be moved. Folded when nobody else has the file open. */
const walIsFolded = () =>
  eventually(() => expect(statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0), {
    within: 15_000,
  });

test('a file replaced by rename is noticed, and Redis follows the new one', async () => {
  const other = new Database(join(folder, 'replacement.db'));
  other.exec("CREATE TABLE team_aliases (team_id, alias TEXT); INSERT INTO team_aliases VALUES (9, 'other')");
  other.close();
  db.close();
  await walIsFolded();
  renameSync(join(folder, 'replacement.db'), path);
  await becomes('other', '["9"]');
  await becomes('kept', null);
  await reports(/was replaced by another/);
  const again = new Database(path);
  again.exec("INSERT INTO team_aliases VALUES (10, 'tailed')");
  again.close();
  await becomes('tailed', '["10"]');
});

test('a file restored in place with the backup API brings the old state back to Redis', async () => {
  const backup = join(folder, `backup-${String(files)}.db`);
  await db.backup(backup);
  db.exec("INSERT INTO team_aliases VALUES (2, 'lost'); DELETE FROM team_aliases WHERE alias = 'first'");
  await becomes('lost', '["2"]');
  await becomes('first', null);
  const source = new Database(backup);
  db.close();
  await source.backup(path);
  source.close();
  db = new Database(path);
  await becomes('lost', null);
  await becomes('first', '["1"]');
});

test('a file copied back over itself brings the old state back to Redis', async () => {
  const backup = join(folder, `copy-${String(files)}.db`);
  db.pragma('wal_checkpoint(TRUNCATE)');
  copyFileSync(path, backup);
  db.exec("INSERT INTO team_aliases VALUES (2, 'lost')");
  await becomes('lost', '["2"]');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  copyFileSync(backup, path);
  db = new Database(path);
  await becomes('lost', null);
  await becomes('kept', '["1"]');
});

test('what the changelog holds is told without a gap while the log of a file at rest is folded', async () => {
  db.pragma('journal_mode = WAL');
  db.exec("INSERT INTO team_aliases VALUES (3, 'last')");
  await becomes('last', '["3"]');
  db.close();
  const told: unknown[] = [];
  while (statSync(`${path}-wal`).size > 0) told.push((await daemon.status()).aliases.changelogRows);
  expect(new Set(told)).toEqual(new Set([2]));
});

test('a file missing for a while fails health with the reason, keeps every key, and is served again when it is back', async () => {
  db.close();
  await walIsFolded();
  renameSync(path, `${path}.away`);
  await eventually(
    async () =>
      expect((await daemon.status()).troubles).toContainEqual(expect.stringMatching(/E_DB_MISSING/)),
    {
      within: 3_000,
    },
  );
  expect(await redis.client.get('alias:team:kept')).toBe('["1"]');
  db = new Database(`${path}.away`);
  db.exec("INSERT INTO team_aliases VALUES (3, 'while away')");
  db.close();
  renameSync(`${path}.away`, path);
  db = new Database(path);
  await becomes('while away', '["3"]');
  await eventually(async () => expect((await daemon.status()).troubles).toEqual([]));
});

test('whoever mends the capture, all the others know that they have missed something: one that was killed before its pass', async () => {
  const idle = await startDaemon({
    REDIS_URL: redis.url,
    DB_PATH: path,
    SYNC_INTERVAL: '3600',
    CAPTURE: 'off',
  });
  await daemon.stop();
  daemon = idle;
  // The triggers go with the table, and come back by somebody who does nothing else; many times, for one alone may be luck.
  for (let turn = 1; turn <= 5; turn++) {
    db.exec(`BEGIN;
      CREATE TABLE new_aliases (team_id, alias);
      INSERT INTO new_aliases SELECT * FROM team_aliases;
      DROP TABLE team_aliases;
      ALTER TABLE new_aliases RENAME TO team_aliases;
      INSERT INTO team_aliases VALUES (2, 'unseen ${String(turn)}');
      COMMIT`);
    installCapture(path, defaultMappings, 'preserve');
    await becomes(`unseen ${String(turn)}`, '["2"]');
  }
  await reports(/its triggers were missing for a while/);
  db.exec("INSERT INTO team_aliases VALUES (3, 'tailed')");
  await becomes('tailed', '["3"]');
  expect(daemon.log.lines.map((line) => line.message)).not.toContainEqual(
    expect.stringMatching(/another Millrace/),
  );
});

test.each(['goes on', 'is stopped before its pass, and another one is there'])(
  'the mender meets a lock right after its triggers are committed, in a rollback-journal file, and %s: what was missed is passed over',
  async (fate) => {
    const environment = { REDIS_URL: redis.url, DB_PATH: path, SYNC_INTERVAL: '3600' };
    await daemon.stop();
    db.pragma('journal_mode = DELETE');
    daemon = await startDaemon(environment);
    const mender = daemon;
    if (fate !== 'goes on') daemon = await startDaemon({ ...environment, CAPTURE: 'off' });
    // What the mender does next is to open the file anew: then somebody has locked it.
    const triggers = db
      .prepare("SELECT count(*) FROM sqlite_master WHERE name = 'millrace_team_after_insert'")
      .pluck();
    const open = AliasSource.open.bind(AliasSource);
    let locked = false;
    const opening = jest.spyOn(AliasSource, 'open').mockImplementation((options) => {
      if (!locked && triggers.get() !== 0) {
        db.exec('BEGIN EXCLUSIVE');
        locked = true;
      }
      return open(options);
    });
    db.exec(`BEGIN;
      CREATE TABLE new_aliases (team_id, alias);
      INSERT INTO new_aliases SELECT * FROM team_aliases;
      DROP TABLE team_aliases;
      ALTER TABLE new_aliases RENAME TO team_aliases;
      INSERT INTO team_aliases VALUES (2, 'unseen');
      COMMIT`);
    await eventually(() => locked);
    opening.mockRestore();
    if (fate !== 'goes on') await mender.stop();
    db.exec('COMMIT');
    await eventually(async () => expect(await redis.client.get('alias:team:unseen')).toBe('["2"]'), {
      alive: daemon.running,
    });
  },
);
