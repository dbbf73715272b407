import Database from 'better-sqlite3';

/** A table of the application's, whose rows have a key and what it holds: each write leaves another value, so that a reader can tell them apart. */
export interface CacheTable {
  readonly name: string;
  readonly key: string;
  readonly value: string;
  /** There is one row of a key at the most, for the table says so, and one of a `slot`; without it for the application does. */
  readonly unique: boolean;
  /** What Redis holds of it, by keys. */
  readonly served: readonly { readonly prefix: string; readonly as: 'list' | 'json' | 'hash' }[];
}

export const cacheTables: readonly CacheTable[] = [
  {
    name: 'team_aliases',
    key: 'alias',
    value: 'team_id',
    unique: true,
    served: [{ prefix: 'alias:team:', as: 'list' }],
  },
  {
    name: 'player_aliases',
    key: 'alias',
    value: 'player_id',
    unique: false,
    served: [{ prefix: 'alias:player:', as: 'list' }],
  },
  {
    name: 'teams',
    key: 'id',
    value: 'name',
    unique: true,
    served: [
      { prefix: 'card:', as: 'json' },
      { prefix: 'flat:', as: 'hash' },
    ],
  },
];

/** The application's file, as it makes it; what belongs to nobody that Millrace knows is in `orders`. */
const createTables = `
  CREATE TABLE team_aliases (team_id TEXT, alias TEXT UNIQUE, slot TEXT UNIQUE);
  CREATE TABLE player_aliases (player_id TEXT, alias TEXT);
  CREATE INDEX players_by_alias ON player_aliases (alias);
  CREATE TABLE teams (id TEXT PRIMARY KEY, name TEXT, slot TEXT UNIQUE);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, what BLOB);
  CREATE TABLE order_log (id INTEGER);
  CREATE TRIGGER order_made AFTER INSERT ON orders BEGIN INSERT INTO order_log VALUES (NEW.id); END;
  INSERT INTO orders (what) VALUES ('a cake'), (x'00ff'), (NULL), ('Ünïcode');
  PRAGMA user_version = 41;
  PRAGMA application_id = 4711;`;

export function createFile(path: string): void {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.exec(createTables);
  db.close();
}

/** What Redis is to hold, by keys. @throws while the file cannot be read */
export function servedKeys(path: string): Map<string, string> {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 5_000 });
  try {
    const wanted = new Map<string, string>();
    for (const { name, key, value, served } of cacheTables) {
      const rows = db
        .prepare<[], { key: string; value: string }>(`SELECT ${key} AS key, ${value} AS value FROM ${name}`)
        .all();
      for (const row of rows) for (const { prefix } of served) wanted.set(prefix + row.key, row.value);
    }
    return wanted;
  } finally {
    db.close();
  }
}

/** What is others' in the file, as one text. */
export function othersIn(path: string): string {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 5_000 });
  try {
    return JSON.stringify([
      db.prepare("SELECT sql FROM sqlite_master WHERE name LIKE 'order%' ORDER BY name").all(),
      db.prepare('SELECT id, hex(what), typeof(what) FROM orders').all(),
      db.prepare('SELECT id FROM order_log').all(),
      db.pragma('user_version', { simple: true }),
      db.pragma('application_id', { simple: true }),
    ]);
  } finally {
    db.close();
  }
}
