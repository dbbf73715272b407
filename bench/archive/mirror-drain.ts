import { count } from '../figure';
import { withStores } from '../stores';
import type { Part } from '../suite';
import { arrived } from './arrival';
import { withPostgres } from './database';
import { verify } from './fingerprint';
import { writeLoad } from './load';
import { settled, withScene } from './scene';
import { sizesFor } from './sizes';

/** A round takes a minute or more. */
const mostRounds = 3;

/** Plain writers as fast as they can, followed by the mirror: it cannot see what was written before it listened. */
export const mirrorDrain: Part = {
  name: 'mirror-drain',
  seconds: [55, 11],
  measure: ({ quick, rounds, progress }) =>
    withPostgres(async (server) => {
      const { mirrored } = sizesFor(quick);
      const rates: number[] = [];
      const writing: number[] = [];
      const alone: number[] = [];
      const overflows: number[] = [];
      const peaks: number[] = [];
      for (let round = 1; round <= Math.min(rounds, mostRounds); round++) {
        progress(`round ${round}`);
        alone.push(
          await withStores(async ({ redisUrl }) => {
            const load = await writeLoad(redisUrl, { way: 'plain', versionId: 1, count: mirrored });
            return (mirrored / (load.endedAt - load.startedAt)) * 1_000;
          }),
        );
        await withScene(server, async (scene) => {
          const { redisUrl, versionId, database } = scene;
          const daemon = await scene.start();
          await settled(daemon);
          await database.query('CHECKPOINT');
          const seen = arrived(database, 1, mirrored);
          const [load, end] = await Promise.all([
            writeLoad(redisUrl, { way: 'plain', versionId, count: mirrored }),
            seen,
          ]);
          rates.push((mirrored / (end - load.startedAt)) * 1_000);
          writing.push((mirrored / (load.endedAt - load.startedAt)) * 1_000);
          overflows.push(daemon.events.filter(({ event }) => event === 'mirror.overflow').length);
          peaks.push(daemon.peakMb());
          await verify(scene, 'prediction', mirrored);
        });
      }
      const rows = count(mirrored);
      return [
        {
          name: `${rows} plain predictions through the mirror`,
          covers:
            'INCR, HSET, ZADD by a process of its own, pipelined, as fast as it can, while the daemon follows: from the first ' +
            'write until another connection sees the last of them committed. Beside it the rate at which they were written, and ' +
            'that of the same writer into a Redis that nobody follows. ' +
            `Times that the mirror lost notifications and a full pass had to find the rest, by round: ${overflows.join(', ')}. ` +
            `At most ${mostRounds} rounds.`,
          unit: '/s',
          rounds: rates,
          atLeast: 25_000,
          comparisons: [
            { name: 'written', kind: 'floor', rounds: writing },
            { name: 'written, no daemon', kind: 'floor', rounds: alone },
          ],
        },
        {
          name: 'memory meanwhile',
          covers: 'the most that the daemon ever held (VmHWM).',
          unit: 'MB',
          rounds: peaks,
          atMost: 170,
          comparisons: [],
        },
      ];
    }),
};
