import type Database from 'better-sqlite3';
import type Redis from 'ioredis';

/** What Redis should hold, told from the tables by the plainest means: every row, grouped here. */
export function expectedKeys(db: Database.Database): Record<string, string> {
  const keys: Record<string, string> = {};
  for (const type of ['team', 'player', 'league', 'market']) {
    const rows = db
      .prepare(
        `SELECT alias, CAST(${type}_id AS TEXT) AS id FROM ${type}_aliases ORDER BY alias, ${type}_id + 0`,
      )
      .all() as { alias: string; id: string }[];
    const ids = new Map<string, Set<string>>();
    for (const { alias, id } of rows) ids.set(alias, (ids.get(alias) ?? new Set()).add(id));
    for (const [alias, set] of ids) keys[`alias:${type}:${alias}`] = JSON.stringify([...set]);
  }
  return keys;
}

export async function actualKeys(client: Redis): Promise<Record<string, string>> {
  const names = await client.keys('alias:*');
  const values = names.length === 0 ? [] : await client.mget(names);
  return Object.fromEntries(names.map((name, position) => [name, values[position] ?? 'not a string']));
}
