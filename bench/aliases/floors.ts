import type { Redis } from 'ioredis';

const batch = 1_000;

/** Every key of the pattern with its value, as they are in Redis now: what `msetAll` writes. Flat, a batch in each element. */
export async function readAll(client: Redis, pattern = 'alias:*'): Promise<readonly (readonly string[])[]> {
  const keys = await client.keys(pattern);
  const batches: string[][] = [];
  for (let at = 0; at < keys.length; at += batch) {
    const part = keys.slice(at, at + batch);
    const values = await client.mget(part);
    batches.push(part.flatMap((key, index) => [key, values[index] ?? '']));
  }
  return batches;
}

/** Floor of writing: MSET of 1000, from memory, one awaited after the other. */
export async function msetAll(client: Redis, batches: readonly (readonly string[])[]): Promise<void> {
  for (const part of batches) await client.mset([...part]);
}

/** Floor of looking at everything: SCAN and MGET of what it found, one awaited after the other. @returns keys seen. */
export async function scanAndMget(client: Redis): Promise<number> {
  let cursor = '0';
  let seen = 0;
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', 'alias:*', 'COUNT', batch);
    cursor = next;
    if (keys.length > 0) seen += (await client.mget(keys)).length;
  } while (cursor !== '0');
  return seen;
}
