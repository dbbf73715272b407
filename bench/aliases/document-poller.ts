import Database from 'better-sqlite3';
import type { Redis } from 'ioredis';
import { defaultMappings } from '../../src/mapping/alias-tables';

/**
 * Baseline: one pass as the documents describe it. All rows grouped in memory, KEYS, one GET for each key, one SET for each
 * new or changed key, one DEL for each key without rows; every command awaited before the next, as redis-py does it.
 */
export async function documentPass(path: string, client: Redis): Promise<void> {
  const wanted = new Map<string, string>();
  const db = new Database(path, { readonly: true });
  try {
    for (const { type, table, idColumn, aliasColumn } of defaultMappings) {
      const rows = db
        .prepare<[], [number, string]>(
          `SELECT ${idColumn}, ${aliasColumn} FROM ${table} ORDER BY ${idColumn}`,
        )
        .raw();
      const groups = new Map<string, string[]>();
      for (const [id, alias] of rows.all()) {
        const ids = groups.get(alias);
        if (ids === undefined) groups.set(alias, [String(id)]);
        else ids.push(String(id));
      }
      for (const [alias, ids] of groups) wanted.set(`alias:${type}:${alias}`, JSON.stringify(ids));
    }
  } finally {
    db.close();
  }
  const present = new Map<string, string | null>();
  for (const key of await client.keys('alias:*')) present.set(key, await client.get(key));
  for (const [key, value] of wanted) if (present.get(key) !== value) await client.set(key, value);
  for (const key of present.keys()) if (!wanted.has(key)) await client.del(key);
}
