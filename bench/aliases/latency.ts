import { count, type Figure } from '../figure';
import { percentile } from '../median';
import type { Part } from '../suite';
import { verify } from './fingerprint';
import { withObserver } from './observer';
import { withScene } from './scene';
import { sizesFor } from './sizes';

/** Longer than any part of the benchmark: no interval pass comes in between. */
export const never = 1_000_000;

/** From the commit in SQLite to the change in Redis. */
export const latency: Part = {
  name: 'latency',
  seconds: [120, 13],
  measure: async ({ quick, rounds, progress }) => {
    const sizes = sizesFor(quick);
    const changes: (readonly number[])[] = [];
    const floor: (readonly number[])[] = [];
    const commits: number[] = [];
    progress('preparing');
    return withScene({ rows: sizes.usual, interval: never }, async (scene) => {
      await withObserver(scene.redisUrl, async ({ delays }) => {
        for (let round = 1; round <= rounds; round++) {
          progress(`round ${round} of ${rounds}`);
          const { writer } = scene;
          const writes = await writer.ask({ do: 'mutate', count: sizes.mutations, spacingMs: 10 });
          changes.push(await delays(writes));
          commits.push(...writes.map(({ issuedAt, returnedAt }) => returnedAt - issuedAt));
          await verify(scene.dbPath, scene.client);
          const sets = await writer.ask({ do: 'set', count: sizes.mutations, spacingMs: 10 });
          floor.push(await delays(sets));
          await scene.client.unlink(sets.map(({ key }) => key));
        }
      });
      const figure = (share: number, atMost: number): Figure => ({
        name: `commit to visible, p${share * 100}`,
        covers:
          `${count(sizes.mutations)} inserts, updates and deletes a round, 5 to 15 ms apart, by another process, each a ` +
          `transaction; from just before COMMIT is issued (it takes ${percentile(commits, 0.5).toFixed(2)} ms, p50) to the ` +
          'arrival of the keyspace notification at a third process; beside it a SET by the same process seen the same ' +
          `way. ${count(sizes.usual)} rows, no pass in between.`,
        unit: 'ms',
        rounds: changes.map((delays) => percentile(delays, share)),
        atMost,
        comparisons: [
          {
            name: 'SET by the writer',
            kind: 'floor',
            rounds: floor.map((delays) => percentile(delays, share)),
          },
        ],
      });
      return [figure(0.5, 2), figure(0.99, 10)];
    });
  },
};
