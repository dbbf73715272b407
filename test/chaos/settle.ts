import type { Pool } from 'pg';
import type Redis from 'ioredis';
import type { Scene } from './scene/scene';
import { cacheTables, servedKeys } from './scene/sqlite-file';
import { readKeys } from './scene/watch-keys';

/** How far the stores are from being in step; empty: they are. At most a few of each kind. */
export async function outOfStep(scene: Scene): Promise<readonly string[]> {
  const { redis, postgres, dbPath } = scene;
  const differences = [
    ...(await cacheDifferences(redis.client, dbPath)),
    ...(await rowDifferences(redis.client, postgres.pool)),
    ...(await predictionDifferences(scene, 300)),
  ];
  // A pass may be about to bring older ones.
  if (differences.length > 0) return differences;
  return [...(await predictionDifferences(scene, Infinity)), ...(await eventDifferences(scene))];
}

const some = (differences: readonly string[]): readonly string[] =>
  differences.length > 5 ? [...differences.slice(0, 5), `… ${differences.length} in all`] : differences;

async function scanAll(redis: Redis, match: string): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', match, 'COUNT', 1_000);
    cursor = next;
    for (const key of found) keys.add(key);
  } while (cursor !== '0');
  return [...keys];
}

/** Every key that Redis has of the tables, and every one that it should have. */
async function cacheDifferences(redis: Redis, dbPath: string): Promise<readonly string[]> {
  const wanted = servedKeys(dbPath);
  const prefixes = cacheTables.flatMap(({ served }) => served.map(({ prefix }) => prefix));
  const there = (await Promise.all(prefixes.map((prefix) => scanAll(redis, `${prefix}*`)))).flat();
  const keys = [...new Set([...wanted.keys(), ...there])];
  if (keys.length === 0) return [];
  const values = await readKeys(redis, keys);
  return some(
    keys.flatMap((key, at) => {
      const [is, should] = [values[at] ?? null, wanted.get(key) ?? null];
      return is === should ? [] : [`${key}: ${is ?? 'no key'} instead of ${should ?? 'no key'}`];
    }),
  );
}

/** Rows of records that change, as Redis has these. What Redis no longer has may be in Postgres. */
async function rowDifferences(redis: Redis, pool: Pool): Promise<readonly string[]> {
  const keys = await scanAll(redis, 'cart:*');
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.hget(key, 'v');
  const values = ((await pipeline.exec()) ?? []).map(([, value]) => value as string | null);
  const { rows } = await pool.query<{ id: string; v: string }>('SELECT id, v FROM carts');
  const found = new Map(rows.map(({ id, v }) => [`cart:${id}`, v]));
  return some(
    keys.flatMap((key, at) =>
      found.get(key) === values[at]
        ? []
        : [`${key}: ${found.get(key) ?? 'no row'} instead of ${values[at] ?? 'no key'}`],
    ),
  );
}

/** What Redis has, Postgres has to have. @param most so many of the last ids are looked at */
async function predictionDifferences(scene: Scene, most: number): Promise<readonly string[]> {
  const { pool } = scene.postgres;
  const redis = scene.redis.client;
  // Where Redis forgot parents, children of theirs wait for them.
  if (scene.rewinds.redis.length > 0) return [];
  const last = Number((await redis.get('aidb:counter:prediction')) ?? 0);
  const keys = Array.from({ length: Math.min(last, most) }, (_, at) => `aidb:prediction:${last - at}`);
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.hget(key, 'input');
  const inputs = ((await pipeline.exec()) ?? []).flatMap(([, input]) => nameIn(input));
  const { rows } = await pool.query<{ name: string }>(
    "SELECT input_data ->> 'chaos' AS name FROM predictions WHERE input_data ->> 'chaos' = ANY ($1)",
    [inputs],
  );
  const found = new Set(rows.map(({ name }) => name));
  const missing = inputs.filter((name) => !found.has(name)).map((name) => `prediction ${name}: no row`);
  const parked = await countLetters(pool);
  return some([
    ...missing,
    ...(parked === scene.letters ? [] : [`${parked} parked instead of ${scene.letters}`]),
  ]);
}

/** The same of the entries of the stream that is the writers' own. */
async function eventDifferences({ redis, postgres, rewinds }: Scene): Promise<readonly string[]> {
  if (rewinds.redis.length > 0) return [];
  const entries = await redis.client.xrange('events', '-', '+');
  const tags = entries.map(([, fields]) => fields[1] ?? '');
  const sql = 'SELECT tag FROM events WHERE tag = ANY ($1)';
  const { rows } = await postgres.pool.query<{ tag: string }>(sql, [tags]);
  const found = new Set(rows.map(({ tag }) => tag));
  return some(tags.filter((tag) => !found.has(tag)).map((tag) => `event ${tag}: no row`));
}

export async function countLetters(pool: Pool): Promise<number> {
  return (
    (await pool.query<{ count: number }>('SELECT count(*)::int FROM millrace.dead_letters')).rows[0]?.count ??
    0
  );
}

/** What a writer of ours has written; poison has no name. */
const nameIn = (input: unknown): string[] =>
  typeof input === 'string' && input.startsWith('{"chaos":')
    ? [(JSON.parse(input) as { chaos: string }).chaos]
    : [];
