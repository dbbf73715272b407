import { runCli } from '../cli';
import { count, type Figure } from '../figure';
import type { Part } from '../suite';
import { applied, lastEntry } from './arrival';
import { withPostgres } from './database';
import { type Scene, settled, withScene } from './scene';
import { sizesFor } from './sizes';
import { inBulk } from './writes';

const most = 100_000;

/** A flushed Redis, filled from Postgres again beside a daemon whose mirror listens. */
export const warming: Part = {
  name: 'warm',
  seconds: [20],
  compared: false,
  measure: ({ quick, rounds, progress }) =>
    withPostgres((server) =>
      withScene(server, async (scene) => {
        const predictions = Math.min(most, sizesFor(quick).passed);
        const daemon = await scene.start();
        await settled(daemon);
        progress('writing');
        await inBulk(scene.store, scene.versionId, predictions);
        await applied(scene.database, await lastEntry(scene.client), 10);
        const before = await places(scene);
        const found: number[] = [];
        for (let round = 1; round <= rounds; round++) {
          progress(`round ${round} of ${rounds}`);
          await scene.client.flushall();
          found.push((await warm(scene)).ms);
          const back = await scene.client.zcard(`aidb:idx:predictions:${scene.versionId}`);
          if (back !== predictions) throw new Error(`${back} of ${predictions} predictions came back`);
          await applied(scene.database, await lastEntry(scene.client), 10);
          if ((await places(scene)) !== before) throw new Error('warm changed rows in Postgres');
        }
        return [figure(found, predictions)];
      }),
    ),
};

const warm = ({ redisUrl, database, folder }: Scene): ReturnType<typeof runCli> =>
  runCli(['warm', '--predictions', 'all'], { REDIS_URL: redisUrl, POSTGRES_URL: database.url }, folder);

/** Of each row, and where its sequence is: changed by whoever writes or only tries to. */
async function places({ database }: Scene): Promise<string> {
  const [row] = await database.query(
    `SELECT md5(string_agg(ctid::text || xmin::text, '' ORDER BY ctid)) AS rows, pg_relation_size('predictions') AS size FROM predictions`,
  );
  return JSON.stringify(row);
}

const figure = (rounds: readonly number[], predictions: number): Figure => ({
  name: `warm, ${count(predictions)} predictions`,
  covers:
    'millrace warm --predictions all as a process of its own, from its start to its end, into a Redis that was just flushed, while ' +
    'a daemon runs whose mirror is told of every key. No row in Postgres may change for it.',
  unit: 'ms',
  rounds,
  ...(predictions === most ? { atMost: 10_000 } : {}),
  comparisons: [],
});
