import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import { startRedis } from '../../../src/embedded/redis/redis';
import { type Scene, waitFor } from '../scene/scene';
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

export const redisForgetsFaults: readonly Fault[] = [
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
    ...hit,
    name: 'redis-del-ours',
    what: 'DEL of all that is ours alone, millrace:*, and not of what applications read or write',
    alone: forgets,
    run: async (scene, random) => {
      await scene.rewind('redis', async () => {
        await scene.redis.client.del(await scene.redis.client.keys('millrace:*'));
      });
      await answerWhatIsAsked(scene);
      await pause(random, 1_000, 3_000);
    },
  },
];
