import type Database from 'better-sqlite3';
import type Redis from 'ioredis';
import type { Verification } from './verify';

const types = ['team', 'player', 'league', 'market'] as const;

/** What the demo adds to the sample: one alias of its own, one that two teams share, and one that is not ASCII. */
const added = [
  [1, 'los merengues'],
  [2, 'the reds'],
  [6, 'the reds'],
  [9, 'سرخ‌پوشان'],
] as const;

/** Adds aliases to the sample, unless an earlier demo has. @returns how many are in the file now */
export function addAliases(db: Database.Database): number {
  const insert = db.prepare('INSERT OR IGNORE INTO team_aliases (team_id, alias) VALUES (?, ?)');
  db.transaction(() => {
    for (const [team, alias] of added) insert.run(team, alias);
  })();
  return types.reduce((sum, type) => sum + aliasesOf(db, type).size, 0);
}

/** Compares all keys in Redis with the rows in SQLite, by plain reads of both. */
export async function verifyAliases(db: Database.Database, redis: Redis): Promise<Verification> {
  const differences: string[] = [];
  let equal = 0;
  let total = 0;
  for (const type of types) {
    const wanted = aliasesOf(db, type);
    const keys = await redis.keys(`alias:${type}:*`);
    const surplus = keys.filter((key) => !wanted.has(key));
    differences.push(...surplus.map((key) => `${key} is in Redis, and there is no such alias in SQLite`));
    total += wanted.size;
    for (const [key, ids] of wanted) {
      const value = await redis.get(key);
      if (value !== null && sameIds(value, ids)) equal++;
      else differences.push(`${key} is ${value ?? '(nil)'} in Redis, and must be ${JSON.stringify(ids)}`);
    }
  }
  return { records: 'aliases', equal, total, differences };
}

/** Redis key -> ids, in any order. */
function aliasesOf(db: Database.Database, type: (typeof types)[number]): Map<string, string[]> {
  const rows = db
    .prepare<[], { alias: string; id: string }>(
      `SELECT alias, CAST(${type}_id AS TEXT) AS id FROM ${type}_aliases WHERE alias IS NOT NULL AND ${type}_id IS NOT NULL`,
    )
    .all();
  const aliases = new Map<string, string[]>();
  for (const { alias, id } of rows) {
    const key = `alias:${type}:${alias}`;
    aliases.set(key, [...new Set([...(aliases.get(key) ?? []), id])]);
  }
  return aliases;
}

function sameIds(value: string, ids: readonly string[]): boolean {
  const listed: unknown = JSON.parse(value);
  return (
    Array.isArray(listed) && JSON.stringify(listed.map(String).sort()) === JSON.stringify([...ids].sort())
  );
}
