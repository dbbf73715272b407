import { setTimeout as delay } from 'node:timers/promises';
import { timed } from '../clock';
import { count, type Figure } from '../figure';
import { percentile } from '../median';
import type { Part } from '../suite';
import { type Database, withPostgres, withSchema } from './database';
import { settled, withScene } from './scene';
import { sizesFor } from './sizes';
import { steady, verifyAll } from './steady';
import type { Way } from './writes';

const rates = [100, 5_000];
/** Milliseconds at 5,000/s. */
const bars: Readonly<Record<Way, Readonly<Record<number, number>>>> = {
  functions: { 0.99: 6 },
  plain: { 0.5: 5, 0.99: 9 },
};
const ways: readonly Way[] = ['functions', 'plain'];

/** From the write in Redis to the row that others see, beside what a commit costs alone. */
export const latency: Part = {
  name: 'latency',
  seconds: [260, 81],
  measure: ({ quick, rounds, progress }) =>
    withPostgres(async (server) => {
      const { latencySeconds } = sizesFor(quick);
      const inserts: (readonly number[])[] = [];
      const delays = new Map<string, (readonly number[])[]>();
      await withSchema(server, async (floor) => {
        for (const way of ways) {
          await withScene(server, async (scene) => {
            const daemon = await scene.start();
            await settled(daemon);
            for (let round = 0; round <= rounds; round++) {
              for (const perSecond of rates) {
                progress(`${way}, ${count(perSecond)}/s, round ${round} of ${rounds}`);
                const samples = await steady({ scene, way, perSecond, seconds: latencySeconds });
                if (round === 0) continue; // warms up
                const name = `${way} ${perSecond}`;
                delays.set(name, [...(delays.get(name) ?? []), samples.map((sample) => sample.delay)]);
              }
              if (way === 'functions' && round > 0) inserts.push(await insertOneByOne(floor, latencySeconds));
            }
            await verifyAll(scene, daemon);
          });
        }
      });
      return ways.flatMap((way) =>
        rates.flatMap((perSecond) => {
          const found = delays.get(`${way} ${perSecond}`) ?? [];
          return [0.5, 0.99].map((share) =>
            figure({ way, perSecond, share, found, inserts, latencySeconds }),
          );
        }),
      );
    }),
};

const covers = (seconds: number): string =>
  'from just before the call in Redis until another connection, which asks about every 2 ms, finds the row: 100 ' +
  `predictions a second are watched, the others come from another process; ${seconds} s a round. Beside it one ` +
  'INSERT and commit into the same table, 100 a second, from the call to its reply, while the daemon is idle.';

interface Found {
  readonly way: Way;
  readonly perSecond: number;
  readonly share: number;
  readonly found: readonly (readonly number[])[];
  readonly inserts: readonly (readonly number[])[];
  readonly latencySeconds: number;
}

function figure({ way, perSecond, share, found, inserts, latencySeconds }: Found): Figure {
  const atMost = perSecond === 5_000 ? bars[way][share] : undefined;
  const what = way === 'functions' ? 'function library' : 'plain writers, mirror';
  return {
    name: `write to visible at ${count(perSecond)}/s, ${what}, p${share * 100}`,
    covers:
      way === 'functions' && perSecond === rates[0] && share === 0.5 ? covers(latencySeconds) : 'the same.',
    unit: 'ms',
    rounds: found.map((delays) => percentile(delays, share)),
    ...(atMost === undefined ? {} : { atMost }),
    comparisons: [
      {
        name: 'INSERT and commit',
        kind: 'floor',
        rounds: inserts.map((delays) => percentile(delays, share)),
      },
    ],
  };
}

async function insertOneByOne(floor: Database, seconds: number): Promise<readonly number[]> {
  const [version] = await floor.query('INSERT INTO model_versions DEFAULT VALUES RETURNING id');
  const sql =
    'INSERT INTO predictions (model_version_id, redis_id, input_data, output_data, confidence, "timestamp") ' +
    `VALUES ($1, nextval('predictions_id_seq'), '{"x": 1}', '{"y": 2}', 0.5, clock_timestamp())`;
  const times: number[] = [];
  for (const end = Date.now() + seconds * 1_000; Date.now() < end;) {
    await delay(10 * (0.5 + Math.random()));
    times.push(await timed(() => floor.query(sql, [version?.['id']])));
  }
  return times;
}
