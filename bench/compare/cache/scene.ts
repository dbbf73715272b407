import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import Redis from 'ioredis';
import { startRedis } from '../../../src/embedded/redis/redis';
import { defaultMappings } from '../../../src/mapping/alias-tables';
import type { Program } from '../program';

export interface CacheStores {
  readonly folder: string;
  readonly dbPath: string;
  readonly redisUrl: string;
}

export interface CacheScene extends CacheStores {
  /** The application's connection to the file. */
  readonly db: Database.Database;
  readonly client: Redis;
  readonly program: Program;
  readonly follows: boolean;
  /** The application lets go of the file, its -wal folded away, for as long as somebody puts a backup there. */
  readonly withoutFile: (work: () => Promise<unknown>) => Promise<void>;
  /** kill -9 for Redis, which then starts with what it saved last. */
  readonly restartRedis: () => Promise<void>;
}

/** Teams, and so many aliases: each team has three of its own, and shares one with another. */
const teams = 12;

/** An SQLite file as the documents have it, and an empty Redis. */
export async function withCacheScene<T>(
  { program, follows }: { readonly program: (stores: CacheStores) => Program; readonly follows: boolean },
  work: (scene: CacheScene) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-compare-'));
  const launch = () => startRedis({ dataDir: join(folder, 'redis'), persist: false });
  let server = await launch();
  const client = new Redis(server.url);
  client.on('error', () => undefined); // told by the command it interrupts
  const dbPath = join(folder, 'sports_data.db');
  let db = createFile(dbPath);
  const stores: CacheStores = { folder, dbPath, redisUrl: server.url };
  const one = program(stores);
  try {
    return await work({
      ...stores,
      ...{ client, program: one, follows },
      get db() {
        return db;
      },
      withoutFile: async (others) => {
        db.pragma('wal_checkpoint(TRUNCATE)');
        db.close();
        await others();
        db = open(dbPath);
      },
      restartRedis: async () => {
        server.kill('SIGKILL');
        await server.exited;
        server = await launch();
      },
    });
  } finally {
    await one.stop();
    client.disconnect();
    db.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function open(path: string): Database.Database {
  const db = new Database(path);
  db.pragma('foreign_keys = ON');
  return db;
}

function createFile(path: string): Database.Database {
  const db = open(path);
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT)');
  for (const { type, table } of defaultMappings)
    db.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, ${type}_id INTEGER NOT NULL
      ${type === 'team' ? 'REFERENCES teams (id) ON DELETE CASCADE' : ''}, alias TEXT NOT NULL, UNIQUE (${type}_id, alias))`);
  const team = db.prepare('INSERT INTO teams VALUES (?, ?)');
  const alias = db.prepare('INSERT INTO team_aliases (team_id, alias) VALUES (?, ?)');
  for (let id = 1; id <= teams; id++) {
    team.run(id, `team ${id}`);
    for (const name of [`a ${id}`, `b ${id}`, `c ${id}`, `shared ${id >> 1}`]) alias.run(id, name);
  }
  return db;
}

/** What is not as the file says, by plain reads of both. */
export async function cacheDifferences({ db, client }: CacheScene): Promise<readonly string[]> {
  const wanted = new Map<string, string[]>();
  for (const { type, table } of defaultMappings) {
    const rows = db
      .prepare<[], [string, string]>(`SELECT alias, CAST(${type}_id AS TEXT) FROM ${table}`)
      .raw();
    for (const [alias, id] of rows.all()) {
      const key = `alias:${type}:${alias}`;
      wanted.set(key, [...(wanted.get(key) ?? []), id]);
    }
  }
  const differences: string[] = [];
  const present = new Set(await client.keys('alias:*'));
  for (const key of present) if (!wanted.has(key)) differences.push(`${key} is still there`);
  for (const [key, ids] of wanted) {
    const value = await client.get(key);
    if (value === null) differences.push(`${key} is missing`);
    else if (sorted(JSON.parse(value) as unknown[]) !== sorted(ids)) differences.push(`${key} is ${value}`);
  }
  return differences;
}

const sorted = (ids: readonly unknown[]): string => JSON.stringify(ids.map(String).sort());
