import type { Redis } from 'ioredis';
import { timed } from '../clock';
import type { DaemonProcess } from '../daemon-process';
import { count, type Figure } from '../figure';
import { percentile } from '../median';
import type { Part } from '../suite';
import { applied, fullPass, lastEntry } from './arrival';
import { withPostgres } from './database';
import { probe, type Sample } from './probe';
import { type Scene, settled, withScene } from './scene';
import { sizesFor } from './sizes';
import { verifyAll } from './steady';
import { inBulk } from './writes';

interface Found {
  readonly nothing: number[];
  readonly missing: number[];
  readonly reading: number[];
  /** Of each round: delays of predictions written while a pass ran. */
  readonly tail: number[][];
}

/** Passes over many predictions, while the tail goes on. */
export const fullPasses: Part = {
  name: 'full-pass',
  measure: ({ quick, rounds, progress }) =>
    withPostgres((server) =>
      withScene(server, async (scene) => {
        const { passed } = sizesFor(quick);
        const daemon = await scene.start();
        await settled(daemon);
        progress('writing');
        await inBulk(scene.store, scene.versionId, passed);
        await applied(scene.database, await lastEntry(scene.client), 10);
        await scene.database.query('VACUUM (ANALYZE) predictions');
        await fullPass(daemon, scene.database); // warms up
        const found: Found = { nothing: [], missing: [], reading: [], tail: [] };
        for (let round = 1; round <= rounds; round++) {
          progress(`round ${round} of ${rounds}`);
          await measure(scene, daemon, found, round);
        }
        const peakMb = daemon.peakMb();
        progress('checking');
        await verifyAll(scene, daemon);
        return figures(found, peakMb, passed);
      }),
    ),
};

async function measure(scene: Scene, daemon: DaemonProcess, found: Found, round: number): Promise<void> {
  const samples: Sample[] = [];
  let over = false;
  const probing = probe(scene, 'functions', () => !over).then((all) => samples.push(...all));
  const run = async () => {
    const { ms, startedAt } = await fullPass(daemon, scene.database);
    return { ms: Number(ms), startedAt: Number(startedAt) };
  };
  const passes = async () => {
    try {
      const nothing = await run();
      const gone = await scene.database.query(
        'DELETE FROM predictions WHERE redis_id % 100 = $1 RETURNING id',
        [round],
      );
      const missing = await run();
      const [left] = await scene.database.query(
        'SELECT count(*) AS count FROM predictions WHERE redis_id % 100 = $1',
        [round],
      );
      if (Number(left?.['count']) < gone.length)
        throw new Error('the pass did not bring back what was missing');
      found.nothing.push(nothing.ms);
      found.missing.push(missing.ms);
      return [nothing, missing];
    } finally {
      over = true;
    }
  };
  const [times] = await Promise.all([passes(), probing]);
  const during = samples.filter(({ wallTime }) =>
    times.some(({ startedAt, ms }) => wallTime >= startedAt && wallTime <= startedAt + ms),
  );
  found.tail.push(during.map((sample) => sample.delay));
  found.reading.push(await timed(() => readTimes(scene.client)));
}

/** Floor: no pass can do without seeing every key of Redis and its creation time. */
async function readTimes(client: Redis): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', 'aidb:prediction:*', 'COUNT', 1_000);
    cursor = next;
    const reading = client.pipeline();
    for (const key of keys) reading.hget(key, 'timestamp');
    await reading.exec();
  } while (cursor !== '0');
}

function figures(
  { nothing, missing, reading, tail }: Found,
  peakMb: number,
  passed: number,
): readonly Figure[] {
  const rows = `${count(passed)} predictions`;
  const covers =
    'from when it is due to its end, as the daemon logs it (pass.done), with 100 predictions a second written meanwhile. ';
  const delays = (share: number, bar: { readonly atMost?: number }): Figure => ({
    name: `write to visible during a pass over ${rows}, p${share * 100}`,
    covers: 'of the predictions written while one of those passes ran; as in the part latency.',
    unit: 'ms',
    // A pass over a few records may be over before one is written.
    rounds: tail.filter((samples) => samples.length > 0).map((samples) => percentile(samples, share)),
    ...bar,
    comparisons: [],
  });
  const ofTail = tail.some((samples) => samples.length > 0)
    ? [delays(0.5, {}), delays(0.99, { atMost: 100 })]
    : [];
  return [
    {
      name: `full pass over ${rows}, nothing to do`,
      covers: `${covers}Beside it SCAN and HGET of every creation time, pipelined by a thousand, while nothing else happens.`,
      unit: 'ms',
      rounds: nothing,
      atMost: 15_000,
      comparisons: [{ name: 'reading Redis alone', kind: 'floor', rounds: reading }],
    },
    {
      name: `full pass over ${rows}, 1 % missing`,
      covers: `${covers}1 % of the rows was deleted from Postgres before.`,
      unit: 'ms',
      rounds: missing,
      comparisons: [{ name: 'nothing to do', kind: 'floor', rounds: nothing }],
    },
    ...ofTail,
    {
      name: `memory with passes over ${rows}`,
      covers: 'the most that the daemon ever held (VmHWM), their writing included.',
      unit: 'MB',
      rounds: [peakMb],
      atMost: 250,
      comparisons: [],
    },
  ];
}
