import { runCli } from '../cli';
import { count, type Figure } from '../figure';
import type { Part } from '../suite';
import { withPostgres, withSchema } from './database';
import { verifyWanted, wantedOf } from './fingerprint';
import { measureLimits } from './limit';
import { writeLoad } from './load';
import { keepOwnKeys } from './own-keys';
import { withScene } from './scene';
import { sizesFor } from './sizes';

/** What a user meets first: a Redis full of records, an empty database, one command. */
export const firstSync: Part = {
  name: 'first-sync',
  seconds: [180, 15],
  measure: ({ quick, rounds, progress }) =>
    withPostgres((server) =>
      withSchema(server, (limit) =>
        withScene(server, async (scene) => {
          const { redisUrl, client, versionId, folder } = scene;
          await client.unlink('millrace:changes'); // the model and its version came by it
          const restore = await keepOwnKeys(client);
          const figures: Figure[] = [];
          let written = 0;
          for (const size of sizesFor(quick).firstSyncs) {
            progress(`writing ${count(size)}`);
            await writeLoad(redisUrl, { way: 'plain', versionId, count: size - written });
            written = size;
            const wanted = await wantedOf(client, 'prediction', size);
            const found = { rates: [] as number[], copy: [] as number[], peaks: [] as number[] };
            for (let round = 1; round <= rounds; round++) {
              progress(`${count(size)}, round ${round} of ${rounds}`);
              await restore();
              await server.withDatabase(async (database) => {
                await database.query('CHECKPOINT');
                const settings = {
                  REDIS_URL: redisUrl,
                  POSTGRES_URL: database.url,
                  MILLRACE_ONLY: 'archive',
                };
                const { ms, peakMb } = await runCli(['run', '--once'], settings, folder);
                await verifyWanted(database, wanted);
                const { rates } = await measureLimits(database, limit, ['whole']);
                found.rates.push((size / ms) * 1_000);
                found.copy.push(rates.whole);
                found.peaks.push(peakMb);
              });
            }
            figures.push(...figuresOf(size, found));
          }
          return figures;
        }),
      ),
    ),
};

const bars = new Map([
  [200_000, 0.6],
  [1_000_000, 0.8],
]);

function figuresOf(
  size: number,
  { rates, copy, peaks }: Readonly<Record<'rates' | 'copy' | 'peaks', readonly number[]>>,
): readonly Figure[] {
  return [
    {
      name: `first sync of ${count(size)} predictions`,
      covers:
        'run --once as a process of its own, from its start to its end, over predictions of plain writers, into a database without a table: the tables ' +
        'are made, and everything is read, compared, written. Beside it the same rows by one COPY from memory in one transaction, as ' +
        "psql's \\copy does it, into the same table with its indexes and checks.",
      unit: '/s',
      rounds: rates,
      comparisons: [{ name: '\\copy, same table', kind: 'limit', rounds: copy, factor: bars.get(size) }],
    },
    {
      name: `memory of a first sync of ${count(size)}`,
      covers: 'the most that the process ever held (VmHWM).',
      unit: 'MB',
      rounds: peaks,
      atMost: 170,
      comparisons: [],
    },
  ];
}
