import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import { clusterOf } from '../../../src/embedded/process/server-place';
import { lackOfShim } from '../shim/store-shim';
import type { Scene } from '../scene/scene';
import type { Fault } from './fault';
import { pause, surely, times } from './surely';

/** Nothing in a folder can grow, for as long as health needs to say so. */
async function whileFull(
  scene: Scene,
  store: 'redis' | 'postgres',
  folder: string,
  meanwhile?: () => Promise<unknown>,
): Promise<void> {
  const { shim } = scene[store];
  const since = monotonicMs();
  shim?.fillDisk(folder);
  try {
    await meanwhile?.();
    await (scene.inStorm ? delay(4_000) : scene.turnsRed(since));
  } finally {
    shim?.fillDisk(undefined);
  }
}

export const diskFaults: readonly Fault[] = [
  {
    party: 'redis',
    hitsWriters: true,
    name: 'redis-disk-full',
    what: 'the disk of Redis is full: it cannot save what it is told, and refuses all writes',
    lacks: lackOfShim,
    run: async (scene) => {
      await whileFull(scene, 'redis', scene.redis.dataDir);
      await delay(1_000);
    },
  },
  {
    party: 'postgres',
    name: 'postgres-disk-full',
    what: 'the disk with the tables of Postgres is full: what makes none of them longer can be done, and nothing else',
    lacks: lackOfShim,
    run: (scene) => whileFull(scene, 'postgres', join(clusterOf(scene.postgres.dataDir), 'base')),
  },
  {
    party: 'postgres',
    name: 'postgres-wal-disk-full',
    what: 'the disk with the WAL of Postgres is full: the server panics, and again as often as it starts, until there is room',
    lacks: lackOfShim,
    run: async (scene) => {
      const { postgres } = scene;
      try {
        await whileFull(scene, 'postgres', join(clusterOf(postgres.dataDir), 'pg_wal'), () =>
          times(20, () => postgres.pool.query('SELECT pg_switch_wal()').catch(() => delay(100))),
        );
      } finally {
        // It may have given up by itself.
        await postgres.end('SIGQUIT');
        await surely(() => postgres.start());
      }
    },
  },
  {
    party: 'sqlite',
    hitsWriters: true,
    name: 'sqlite-disk-full',
    what: 'the disk with the SQLite file is full, for the application and for Millrace, which is killed and starts anew meanwhile; three times',
    lacks: lackOfShim,
    run: (scene, random) =>
      times(3, async (n) => {
        scene.filesShim?.fillDisk(join(scene.dbPath, '..'));
        try {
          await pause(random, 500, 2_000);
          if (n === 2) await scene.restartDaemon();
          if (n === 3) await scene.writers?.kill('cache');
          await pause(random, 500, 2_000);
        } finally {
          scene.filesShim?.fillDisk(undefined);
        }
        await pause(random, 500, 1_500);
      }),
  },
];
