import Database from 'better-sqlite3';

/** The four alias tables as the field has them, in WAL mode. */
export function aliasDatabase(path: string): Database.Database {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  for (const type of ['team', 'player', 'league', 'market']) {
    db.exec(`CREATE TABLE ${type}_aliases (${type}_id TEXT, alias TEXT)`);
  }
  return db;
}
