import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import { startRedis } from '../../../src/embedded/redis/redis';
import { type Scene, waitFor } from '../scene/scene';
import { cacheTables } from '../scene/sqlite-file';
import type { Verdict } from '../scene/wire';
import { answerWhatIsAsked } from './asked';
import type { Fault } from './fault';
import { commitIn } from './messages';
import { comesByMs, pause, surely, times } from './surely';

const hit = { party: 'redis', hitsWriters: true } as const;

/** Starts it with what is in `dump.rdb` alone (nothing, if there is none), and has it keep what comes from then on. */
async function startFromDump({ redis }: Scene): Promise<void> {
  rmSync(join(redis.dataDir, 'appendonlydir'), { recursive: true, force: true });
  await redis.start({ persist: false });
  await redis.client.config('SET', 'appendonly', 'yes');
}

const forgets = 'Redis forgets what was acknowledged';

const forgetting = (name: string, what: string, work: (scene: Scene) => Promise<unknown>): Fault => ({
  ...hit,
  name,
  what,
  alone: forgets,
  run: async (scene, random) => {
    await scene.rewind('redis', () => work(scene));
    await pause(random, 2_000, 4_000);
  },
});

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
  forgetting(
    'redis-kill-without-file',
    'kill -9 of a Redis that keeps nothing: it comes back empty',
    async (scene) => {
      await scene.redis.kill();
      rmSync(join(scene.redis.dataDir, 'dump.rdb'), { force: true });
      await surely(() => startFromDump(scene));
    },
  ),
  {
    ...hit,
    name: 'redis-older-snapshot',
    what: 'Redis comes back with a snapshot of some seconds ago',
    alone: forgets,
    run: async (scene, random) => {
      const { redis } = scene;
      await redis.client.save();
      const dump = join(redis.dataDir, 'dump.rdb');
      copyFileSync(dump, join(scene.folder, 'older.rdb'));
      await pause(random, 1_500, 3_000);
      await scene.rewind('redis', async () => {
        await redis.kill();
        copyFileSync(join(scene.folder, 'older.rdb'), dump);
        await surely(() => startFromDump(scene));
      });
      await pause(random, 2_000, 4_000);
    },
  },
  {
    ...hit,
    name: 'redis-lagging-replica',
    what: 'the server is lost, and what a replica had that lagged by some seconds takes its place',
    alone: forgets,
    run: async (scene, random) => {
      const { redis } = scene;
      const dataDir = join(scene.folder, 'replica');
      const extraArgs = ['--replicaof', '127.0.0.1', new URL(redis.url).port];
      const replica = await startRedis({ dataDir, persist: false, extraArgs });
      const client = new Redis(replica.url);
      const follows = async () => (await client.info('replication')).includes('master_link_status:up');
      if (!(await waitFor(follows, 10_000))) throw new Error('the replica does not follow');
      replica.kill('SIGSTOP');
      await pause(random, 1_500, 3_000);
      await scene.rewind('redis', async () => {
        await redis.kill();
        replica.kill('SIGCONT');
        await client.replicaof('NO', 'ONE');
        await client.save();
        client.disconnect();
        await replica.stop();
        copyFileSync(join(dataDir, 'dump.rdb'), join(redis.dataDir, 'dump.rdb'));
        await surely(() => startFromDump(scene));
      });
      await pause(random, 2_000, 4_000);
    },
  },
  forgetting('redis-flushall', 'FLUSHALL', ({ redis }) => redis.client.flushall()),
  forgetting('redis-flushdb', 'FLUSHDB, of which Redis tells nobody', ({ redis }) => redis.client.flushdb()),
  {
    ...hit,
    name: 'redis-flush-under-page',
    what: 'FLUSHALL while a COMMIT is on its way, and the page behind it goes on growing; twice',
    alone: forgets,
    run: (scene, random) =>
      times(2, async () => {
        let flushed = false;
        const held = async (): Promise<Verdict> => {
          await pause(random, 200, 1_000);
          await scene.rewind('redis', () => scene.redis.client.flushall());
          flushed = true;
          await pause(random, 200, 1_000);
          return 'pass';
        };
        const release = scene.postgres.wire.hold({ text: commitIn(scene), at: 'request', held });
        if (!(await waitFor(() => flushed, comesByMs(scene)))) scene.troubles.push('no COMMIT came by');
        release();
        await pause(random, 1_500, 4_000);
      }),
  },
  forgetting(
    'redis-swapdb',
    'SWAPDB with an empty database, of which Redis tells nobody',
    async ({ redis }) => {
      await redis.client.swapdb(0, 9);
      await redis.client.select(9);
      await redis.client.flushdb();
      await redis.client.select(0);
    },
  ),
  forgetting('redis-del-stream', 'DEL of the stream: what was in it alone is gone', ({ redis }) =>
    redis.client.del('millrace:changes'),
  ),
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
