import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { installCapture } from '../../../src/aliases/source/install-capture';
import { Changelog, pruneChangelog } from '../../../src/aliases/source/changelog';
import type { AliasCheckpoint } from '../../../src/aliases/sink/checkpoint';
import { judgeContinuity } from '../../../src/aliases/sink/continuity';
import { defaultMappings } from '../../../src/mapping/alias-tables';
import { aliasDatabase } from '../../support/alias-database';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();
let path: string;
let db: Database.Database;
let files = 0;
beforeEach(() => {
  path = join(folder, `changelog-${String(++files)}.db`);
  db = aliasDatabase(path);
  installCapture(path, defaultMappings, 'preserve');
});
afterEach(() => {
  db.close();
});

const day = 86_400_000;
const open = () => new Changelog(db, 'preserve');
const seqs = () => db.prepare('SELECT seq FROM millrace_changelog ORDER BY seq').pluck().all();
const add = (...aliases: string[]) => {
  for (const alias of aliases) db.prepare('INSERT INTO team_aliases VALUES (1, ?)').run(alias);
};

test('a page names each alias once, in the order of the first change, and ends at its last row', () => {
  const changelog = open();
  const start = changelog.head();
  add('b', 'a', 'b');
  db.exec("INSERT INTO player_aliases VALUES (2, 'a')");
  const page = changelog.read(start, 100);
  if (page === 'broken') throw new Error('broken');
  expect([...page.nominations]).toEqual([
    ['team', ['b', 'a']],
    ['player', ['a']],
  ]);
  expect(page.position).toEqual(changelog.head());
  expect(page.rows).toBe(4);
  expect(Math.abs((page.since ?? 0) - Date.now())).toBeLessThan(5_000);
  expect(changelog.read(page.position, 100)).toMatchObject({ rows: 0, position: page.position });
});

test('a page of a changelog full of megabyte aliases stays small, and the pages together miss nothing', () => {
  const changelog = open();
  let position = changelog.head();
  const insert = db.prepare('INSERT INTO team_aliases VALUES (1, ?)');
  db.transaction(() => {
    for (let i = 0; i < 150; i++) insert.run(String(i).padEnd(100_000, 'x'));
  })();
  const found = new Set<string>();
  for (;;) {
    const page = changelog.read(position, 1_000);
    if (page === 'broken') throw new Error('broken');
    if (page.rows === 0) break;
    expect(page.rows).toBeLessThan(60);
    for (const alias of page.nominations.get('team') ?? []) found.add(alias);
    position = page.position;
  }
  expect(found.size).toBe(150);
});

test('a position is worthless once its row is gone, has another nonce, or belongs to another changelog', () => {
  const changelog = open();
  add('a');
  const position = changelog.head();
  expect(changelog.continues(position)).toBe(true);
  expect(changelog.read({ ...position, nonce: '1' }, 10)).toBe('broken');
  expect(changelog.read({ ...position, changelog: 'other' }, 10)).toBe('broken');
  db.exec('DELETE FROM millrace_changelog');
  add('b'); // takes the same seq again, or a smaller one
  expect(changelog.read(position, 10)).toBe('broken');
  expect(changelog.continues(position)).toBe(false);
});

test('pruning keeps a day, keeps the last consumed row, and takes a bounded number at once', () => {
  add('1', '2', '3', '4', '5', '6');
  const now = Date.now() + 2 * day;
  const changelog = open();
  expect(changelog.prunable(5, Date.now())).toBe(false);
  expect(pruneChangelog(path, 5, 100, Date.now())).toBe(0);
  expect(changelog.prunable(5, now)).toBe(true);
  expect(pruneChangelog(path, 5, 3, now)).toBe(3);
  expect(seqs()).toEqual([4, 5, 6, 7]);
  expect(pruneChangelog(path, 5, 100, now)).toBe(1);
  expect(seqs()).toEqual([5, 6, 7]);
  expect(changelog.prunable(5, now)).toBe(false);
});

test('pruning gives up at once while a writer holds the lock', () => {
  add('1', '2');
  db.exec('BEGIN IMMEDIATE');
  expect(() => pruneChangelog(path, 3, 100, Date.now() + 2 * day)).toThrow(/locked/);
  db.exec('ROLLBACK');
});

describe('what a checkpoint found in Redis means', () => {
  const checkpoint = (more: Partial<AliasCheckpoint> = {}): AliasCheckpoint => ({
    incarnation: 'i',
    position: open().head(),
    stamp: 's.1',
    at: 0,
    by: 'other:1',
    ...more,
  });

  const judge = (
    raw: string,
    found: AliasCheckpoint | undefined,
    changelog: Changelog | undefined,
    known: Parameters<typeof judgeContinuity>[3],
  ) => judgeContinuity(raw, found, changelog, known, { hash: 'm', since: 0 });

  test('nothing at a first start: adopt, without an incident', () => {
    expect(judge('', undefined, open(), undefined)).toEqual({ action: 'adopt', needsPass: true });
  });

  test('nothing where there was something, or garbage: an incident', () => {
    const known = { incarnation: 'i', seq: 1, applies: 1 };
    expect(judge('', undefined, open(), known).incident).toMatch(/lost the checkpoint/);
    expect(judge('x', undefined, open(), undefined).incident).toMatch(/overwritten/);
  });

  test('the row it names is there: resume, with a pass if the incarnation is new or the seq went back', () => {
    add('a');
    const found = checkpoint();
    expect(judge('r', found, open(), undefined)).toEqual({ action: 'resume', needsPass: false });
    expect(judge('r', found, open(), { incarnation: 'i', seq: 2, applies: 5 })).toEqual({
      action: 'resume',
      needsPass: false,
    });
    const other = judge('r', found, open(), { incarnation: 'j', seq: 2, applies: 5 });
    expect(other).toMatchObject({ action: 'resume', needsPass: true });
    const back = judge('r', found, open(), { incarnation: 'i', seq: 9, applies: 9 });
    expect(back).toMatchObject({ action: 'renew', needsPass: true });
    expect(back.incident).toMatch(/went backwards, from change 9 to 2/);
  });

  test('what a pass has written moves no position: fewer applies than were seen mean that it is gone', () => {
    add('a');
    const back = judge('r', checkpoint({ applies: 3 }), open(), { incarnation: 'i', seq: 2, applies: 4 });
    expect(back).toMatchObject({ action: 'renew', needsPass: true });
    expect(back.incident).toMatch(/went backwards, from apply 4 to 3/);
    // Of an older version nobody knows how many there were.
    expect(judge('r', checkpoint(), open(), { incarnation: 'i', seq: 2, applies: 4 }).action).toBe('resume');
  });

  test('the row it names is not there: adopt with an incident; no position at all: adopt in silence', () => {
    const position = { changelog: 'gone', seq: 5, nonce: '1' };
    const replaced = judge('r', checkpoint({ position }), open(), undefined);
    expect(replaced).toMatchObject({ action: 'adopt', needsPass: true });
    expect(replaced.incident).toMatch(/restored or replaced/);
    expect(judge('r', checkpoint({ position: null }), open(), undefined)).toEqual({
      action: 'adopt',
      needsPass: true,
    });
  });

  test('triggers of other mappings: a pass, and no incident, as long as the log itself goes on', () => {
    add('a');
    const head = open().head();
    const mended = { ...head, changelog: `${head.changelog}.before` };
    const under = (hash: string | undefined, position = mended) => {
      const found = checkpoint({ position, set: hash === undefined ? undefined : { hash, since: 1 } });
      return judgeContinuity('r', found, open(), undefined, { hash: 'm', since: 1 });
    };
    for (const hash of ['other', undefined])
      expect(under(hash)).toEqual({ action: 'adopt', needsPass: true });
    expect(under('m').incident).toMatch(/triggers were missing/);
    const gone = { ...mended, nonce: 'of another' };
    expect(under('other', gone).incident).toMatch(/restored or replaced/);
    expect(under('other', { ...head, changelog: 'another' }).incident).toMatch(/restored or replaced/);
  });

  test('without a complete capture any position is kept for whoever has one', () => {
    const position = { changelog: 'gone', seq: 5, nonce: '1' };
    expect(judge('r', checkpoint({ position }), undefined, undefined).action).toBe('resume');
  });
});
