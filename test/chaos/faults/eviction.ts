import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import { type Scene, waitFor } from '../scene/scene';
import { answerWhatIsAsked } from './asked';
import type { Fault } from './fault';
import { pause, surely } from './surely';

const fillerBytes = 16_384;
const leastEvicted = 200;

const numberIn = async ({ redis }: Scene, section: string, name: string): Promise<number> =>
  Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await redis.client.info(section))?.[1] ?? NaN);

/** Somebody else fills a Redis that may drop anything, until it has dropped hundreds of keys. */
async function evict(scene: Scene, policy: string): Promise<void> {
  const { client } = scene.redis;
  const before = await numberIn(scene, 'stats', 'evicted_keys');
  const used = await numberIn(scene, 'memory', 'used_memory');
  await client.config('SET', 'maxmemory-policy', policy);
  await client.config('SET', 'maxmemory', String(used + 500_000));
  let fillers = 0;
  const fill = async () => {
    await client.set(`filler:${++fillers}`, Buffer.alloc(fillerBytes));
    return (await numberIn(scene, 'stats', 'evicted_keys')) - before - fillers > leastEvicted;
  };
  if (!(await waitFor(fill, 10_000))) scene.troubles.push('Redis did not evict');
  scene.said(`evicted ${(await numberIn(scene, 'stats', 'evicted_keys')) - before} keys, ${fillers} fillers`);
}

export const evictionFaults: readonly Fault[] = [
  {
    party: 'redis',
    hitsWriters: true,
    name: 'redis-evicted',
    what: 'maxmemory is reached under allkeys-lru or allkeys-random: hundreds of keys are evicted, whosever they are',
    alone: 'Redis forgets what was acknowledged',
    run: async (scene, random) => {
      const { client } = scene.redis;
      const since = monotonicMs();
      await scene.rewind('redis', async () => {
        try {
          await evict(scene, random.pick(['allkeys-lru', 'allkeys-random']));
          await pause(random, 500, 2_000);
          await scene.turnsRed(since);
        } finally {
          await surely(() => client.config('SET', 'maxmemory', '0'));
          await surely(() => client.config('SET', 'maxmemory-policy', 'noeviction'));
        }
        const fillers = await client.keys('filler:*');
        if (fillers.length > 0) await client.unlink(fillers);
        // A parent that is gone before its child is read has its children parked: these get others.
        for (const name of ['plain', 'function'] as const) await scene.writers?.kill(name);
      });
      scene.rewinds.keys.push(...scene.rewinds.redis);
      await answerWhatIsAsked(scene);
      await delay(1_000);
    },
  },
];
