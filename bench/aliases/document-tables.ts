import { writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';

const children = 8;

/** A row a document; a row and eight of another table. */
export const mappings = {
  'a table': { from: 'teams', key: 'card:{id}', json: ['id', 'name', 'sport'] },
  'a join with eight children': {
    key: 'card:{id}',
    json: ['id', 'name', 'aliases'],
    sql: `SELECT t.id, t.name, json_group_array(a.alias) AS aliases FROM teams t JOIN team_aliases a ON a.team_id = t.id
          WHERE t.id IN keys GROUP BY t.id`,
    watch: { teams: 'id', team_aliases: 'team_id' },
  },
} as const;

/** @returns the file of mappings, beside the database */
export function writeMapping(of: keyof typeof mappings, dbPath: string): string {
  const file = `${dbPath}.yaml`;
  writeFileSync(file, JSON.stringify({ version: 1, documents: { card: mappings[of] } }));
  return file;
}

/** So many teams, each with eight aliases. */
export function createTables(dbPath: string, rows: number): void {
  const db = new Database(dbPath);
  db.pragma('journal_mode = WAL');
  db.exec(`CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT, sport TEXT);
    CREATE TABLE team_aliases (team_id INTEGER, alias TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      INSERT INTO teams SELECT i, 'Team number ' || i, 'sport ' || i % 9 FROM n;
    WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${children})
      INSERT INTO team_aliases SELECT id, 'alias ' || id || ' ' || i FROM teams, c;
    CREATE INDEX aliases_by_team ON team_aliases (team_id, alias);`);
  db.close();
}
