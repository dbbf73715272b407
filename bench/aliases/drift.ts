import type { Redis } from 'ioredis';

/** Of the keys in Redis, changes one in `every`: a third each gets another value, goes away, and gets a stale neighbour. */
export async function makeDrift(client: Redis, every: number): Promise<Readonly<Record<DriftKind, number>>> {
  const drifted = { updated: 0, added: 0, deleted: 0 };
  const keys = (await client.keys('alias:*')).filter((_key, index) => index % every === 0);
  const pipeline = client.pipeline();
  keys.forEach((key, index) => {
    if (index % 3 === 0) {
      pipeline.set(key, '["drifted"]');
      drifted.updated++;
    } else if (index % 3 === 1) {
      pipeline.del(key);
      drifted.added++;
    } else {
      pipeline.set(`${key} stale`, '["1"]');
      drifted.deleted++;
    }
  });
  await pipeline.exec();
  return drifted;
}

/** By what a pass does about it. */
export type DriftKind = 'added' | 'updated' | 'deleted';
