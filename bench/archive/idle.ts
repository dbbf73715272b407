import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createDataset } from '../aliases/dataset';
import { monotonicMs } from '../clock';
import { startDaemon } from '../daemon-process';
import { count } from '../figure';
import type { Part } from '../suite';
import { withPostgres } from './database';
import { never, settled, withScene } from './scene';
import { sizesFor } from './sizes';

const aliases = 20_000;

/** What the daemon costs while nothing happens, with everything on. */
export const idle: Part = {
  name: 'idle',
  seconds: [60, 9],
  compared: false,
  measure: ({ quick, rounds, progress }) =>
    withPostgres((server) =>
      withScene(server, async ({ folder, redisUrl, database }) => {
        const { idleMs } = sizesFor(quick);
        const dbPath = join(folder, 'sports_data.db');
        createDataset(dbPath, aliases);
        const settings = { REDIS_URL: redisUrl, POSTGRES_URL: database.url, DB_PATH: dbPath };
        const daemon = await startDaemon({ ...settings, SYNC_INTERVAL: never }, folder);
        try {
          await daemon.nth('pass.done', 2); // of each pipeline one
          await settled(daemon);
          await delay(1_000);
          const shares: number[] = [];
          for (let round = 1; round <= rounds; round++) {
            progress(`round ${round} of ${rounds}`);
            const [before, start] = [await daemon.cpuSeconds(), monotonicMs()];
            await delay(idleMs);
            const used = (await daemon.cpuSeconds()) - before;
            shares.push((used / ((monotonicMs() - start) / 1_000)) * 100);
          }
          return [
            {
              name: 'CPU when idle, both pipelines, of one core',
              covers:
                `user and system time of the daemon's process over ${idleMs / 1_000} s without a write or a pass, by its own /metrics; it serves ` +
                `${count(aliases)} aliases and the archive, whose mirror listens.`,
              unit: '%',
              rounds: shares,
              atMost: 1.5,
              comparisons: [],
            },
          ];
        } finally {
          await daemon.stop();
        }
      }),
    ),
};
