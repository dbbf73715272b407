import Database from 'better-sqlite3';
import { defaultMappings } from '../../src/mapping/alias-tables';
import { installCapture } from '../../src/aliases/source/install-capture';

/** How the rows are spread over the four tables. */
const shares: readonly (readonly [type: string, share: number])[] = [
  ['team', 0.2],
  ['player', 0.7],
  ['league', 0.02],
  ['market', 0.08],
];

/** Every so many rows of a table, one shares its alias with the row before it. */
const sharedEvery = 20;

/** Row `index` of a table as generated. Aliases do not sort the way they were inserted. */
export function aliasOf(type: string, index: number): string {
  const named = index % sharedEvery === sharedEvery - 1 ? index - 1 : index;
  return `${((named * 2_654_435_761) % 2 ** 32).toString(36)} ${type} ${named}`;
}

/** The n-th row, counted from 0, whose alias no other row has. */
export const unsharedRow = (n: number): number =>
  Math.floor(n / (sharedEvery - 2)) * sharedEvery + (n % (sharedEvery - 2));

const createTables = (db: Database.Database): void => {
  for (const [type] of shares) {
    db.exec(
      `CREATE TABLE ${type}_aliases (${type}_id INTEGER NOT NULL, alias TEXT NOT NULL, UNIQUE (${type}_id, alias))`,
    );
  }
};

/**
 * A WAL database with `rows` rows in the four tables of the documents, and the capture installed.
 * @returns how long the installation took, in milliseconds: it holds the write lock.
 */
export function createDataset(path: string, rows: number): number {
  const db = new Database(path);
  try {
    db.pragma('journal_mode = WAL');
    createTables(db);
    db.transaction(() => {
      for (const [type, share] of shares) {
        const insert = db.prepare(`INSERT INTO ${type}_aliases VALUES (?, ?)`);
        for (let index = 0; index < rows * share; index++) insert.run(index + 1, aliasOf(type, index));
      }
    })();
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
  const start = performance.now();
  installCapture(path, defaultMappings, 'preserve');
  return performance.now() - start;
}
