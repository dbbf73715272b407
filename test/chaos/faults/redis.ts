import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import { waitFor } from '../scene/scene';
import { cacheTables } from '../scene/sqlite-file';
import { answerWhatIsAsked } from './asked';
import type { Fault } from './fault';
import { pause, surely, times } from './surely';

const hit = { party: 'redis', hitsWriters: true } as const;

export const redisFaults: readonly Fault[] = [
  {
    ...hit,
    name: 'redis-kill',
    what: 'kill -9 of a Redis that keeps what it has answered (appendonly), for as long as health needs to say so',
    run: async (scene) => {
      const since = monotonicMs();
      await scene.redis.kill();
      try {
        await scene.turnsRed(since);
      } finally {
        await surely(() => scene.redis.start());
      }
      await delay(1_000);
    },
  },
  {
    party: 'redis',
    name: 'redis-del-keys',
    what: 'DEL of half of the keys that Millrace has made',
    run: async (scene, random) => {
      const prefixes = cacheTables.flatMap(({ served }) => served.map(({ prefix }) => prefix));
      await scene.rewind('keys', async () => {
        for (const prefix of prefixes) {
          const keys = (await scene.redis.client.keys(`${prefix}*`)).filter(() => random.next() < 0.5);
          if (keys.length > 0) await scene.redis.client.del(keys);
        }
      });
      await pause(random, 500, 2_000);
    },
  },
  {
    party: 'redis',
    name: 'redis-del-checkpoint',
    what: 'DEL of the checkpoint of the cache alone; what is asked then about documents is answered, as health says how',
    alone: 'it takes an answer',
    run: (scene, random) =>
      times(2, async () => {
        await scene.redis.client.del('millrace:aliases:checkpoint');
        await pause(random, 500, 2_000);
        await answerWhatIsAsked(scene);
      }),
  },
  {
    ...hit,
    name: 'redis-client-kill',
    what: 'CLIENT KILL of all connections, eight times',
    run: (scene, random) =>
      times(8, async () => {
        await scene.redis.client.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await scene.redis.client.client('KILL', 'TYPE', 'pubsub');
        await pause(random, 50, 600);
      }),
  },
  {
    ...hit,
    name: 'redis-functions-flushed',
    what: 'FUNCTION FLUSH: Millrace has to bring its functions back',
    run: async (scene) => {
      await scene.redis.client.call('FUNCTION', 'FLUSH');
      const back = async () =>
        JSON.stringify(await scene.redis.client.call('FUNCTION', 'LIST')).includes('millrace');
      if (!(await waitFor(back, 15_000)) && !scene.inStorm)
        scene.troubles.push('the functions did not come back');
    },
  },
  {
    ...hit,
    name: 'redis-client-pause',
    what: 'CLIENT PAUSE, for a second of writes, then for four of all',
    run: async (scene) => {
      await scene.redis.client.client('PAUSE', 1_000, 'WRITE');
      await delay(1_500);
      await scene.redis.client.client('PAUSE', 4_000, 'ALL');
      await delay(5_000);
    },
  },
  {
    ...hit,
    name: 'redis-frozen',
    what: 'SIGSTOP of Redis for as long as health needs to say so',
    run: async (scene) => {
      const since = monotonicMs();
      scene.redis.signal('SIGSTOP');
      try {
        await (scene.inStorm ? delay(4_000) : scene.turnsRed(since));
      } finally {
        scene.redis.signal('SIGCONT');
      }
      await delay(1_000);
    },
  },
  {
    ...hit,
    name: 'redis-full',
    what: 'maxmemory is reached: Redis refuses all writes (noeviction)',
    run: async (scene) => {
      const since = monotonicMs();
      await scene.redis.client.config('SET', 'maxmemory', '1');
      try {
        await scene.turnsRed(since);
      } finally {
        await surely(() => scene.redis.client.config('SET', 'maxmemory', '0'));
      }
      await delay(1_000);
    },
  },
  {
    party: 'redis',
    name: 'redis-evicts',
    what: 'maxmemory-policy becomes one that may drop anything: health has to say so',
    run: async (scene) => {
      const since = monotonicMs();
      await scene.redis.client.config('SET', 'maxmemory', '1gb');
      await scene.redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
      try {
        await scene.turnsRed(since);
      } finally {
        await surely(() => scene.redis.client.config('SET', 'maxmemory-policy', 'noeviction'));
        await surely(() => scene.redis.client.config('SET', 'maxmemory', '0'));
      }
    },
  },
];
