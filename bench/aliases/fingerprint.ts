import Database from 'better-sqlite3';
import type { Redis } from 'ioredis';
import { defaultMappings } from '../../src/mapping/alias-tables';

/** How many keys there are, and a checksum of all keys with their values, whatever their order. */
interface Fingerprint {
  readonly keys: number;
  readonly checksum: string;
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 16_777_619);
  return value >>> 0;
}

function accumulator() {
  let [keys, sum, mixed] = [0, 0, 0];
  return {
    add(key: string, value: string): void {
      const entry = `${key}\n${value}`;
      keys++;
      sum = (sum + hash(entry, 2_166_136_261)) >>> 0;
      mixed = (mixed ^ hash(entry, 84_696_351)) >>> 0;
    },
    result: (): Fingerprint => ({ keys, checksum: `${sum.toString(16)}-${mixed.toString(16)}` }),
  };
}

/** What the documents say Redis should hold, worked out from SQLite without any of Millrace's code. */
function fingerprintOfTables(path: string): Fingerprint {
  const db = new Database(path, { readonly: true });
  const entries = accumulator();
  try {
    for (const { type, table, idColumn, aliasColumn } of defaultMappings) {
      const rows = db
        .prepare<[], [string, string]>(
          `SELECT ${aliasColumn}, json_group_array(DISTINCT CAST(${idColumn} AS TEXT))
          FROM (SELECT * FROM ${table} ORDER BY ${aliasColumn}, ${idColumn}) GROUP BY ${aliasColumn}`,
        )
        .raw();
      for (const [alias, value] of rows.iterate()) entries.add(`alias:${type}:${alias}`, value);
    }
    return entries.result();
  } finally {
    db.close();
  }
}

async function fingerprintOfRedis(client: Redis): Promise<Fingerprint> {
  const entries = accumulator();
  const seen = new Set<string>(); // SCAN may name a key twice
  let cursor = '0';
  do {
    const [next, found] = await client.scan(cursor, 'MATCH', 'alias:*', 'COUNT', 5_000);
    cursor = next;
    const keys = found.filter((key) => !seen.has(key));
    if (keys.length === 0) continue;
    const values = await client.mget(keys);
    keys.forEach((key, index) => {
      seen.add(key);
      entries.add(key, values[index] ?? '');
    });
  } while (cursor !== '0');
  return entries.result();
}

/** Compares both sides. @throws when they are not the same: what was measured before then does not count. */
export async function verify(path: string, client: Redis): Promise<void> {
  const wanted = fingerprintOfTables(path);
  const found = await fingerprintOfRedis(client);
  if (wanted.keys === found.keys && wanted.checksum === found.checksum) return;
  throw new Error(
    `Redis holds ${found.keys} keys (${found.checksum}) where SQLite says ${wanted.keys} (${wanted.checksum})`,
  );
}
