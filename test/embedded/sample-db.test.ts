import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';

import { createSampleDatabase } from '../../src/embedded/sample-db';

const folder = mkdtempSync(join(tmpdir(), 'millrace-sample-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('createSampleDatabase', () => {
  it('makes one finished WAL file with rows in the four alias tables, and leaves rmcf to the reader', () => {
    const home = join(folder, 'new', 'folder');
    createSampleDatabase(join(home, 'sports_data.db'));
    expect(readdirSync(home)).toEqual(['sports_data.db']);

    const database = new Database(join(home, 'sports_data.db'), { readonly: true });
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('foreign_key_check')).toEqual([]);
    for (const type of ['team', 'player', 'league', 'market']) {
      const aliases = database.prepare(`SELECT alias FROM ${type}_aliases`).pluck().all();
      expect(aliases.length).toBeGreaterThan(10);
      expect(aliases).not.toContain('rmcf');
      const shared = database
        .prepare(`SELECT 1 FROM ${type}_aliases GROUP BY alias HAVING count(*) > 1`)
        .all();
      expect(shared).not.toEqual([]);
    }
    const teams = database.prepare('SELECT id FROM teams WHERE id IN (1, 2)').all();
    expect(teams).toHaveLength(2);
    database.close();
  });

  it('never touches a file that exists', () => {
    const path = join(folder, 'existing.db');
    writeFileSync(path, 'precious');
    createSampleDatabase(path);
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });
});
