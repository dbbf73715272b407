import type { Redis } from 'ioredis';
import { timed } from '../clock';
import type { DaemonProcess } from '../daemon-process';
import { count, type Figure } from '../figure';
import { percentile } from '../median';
import type { Context, Part } from '../suite';
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
  readonly peakMb: number;
}

/** Passes over many predictions, while the tail goes on. */
export const fullPasses: Part = {
  name: 'full-pass',
  seconds: [145, 12],
  measure: async (context) => {
    const { passed } = sizesFor(context.quick);
    const [found] = await passesOver([passed], context);
    return found === undefined ? [] : figures(passed, found, { nothing: 1.2, p99: 100, memory: 170 });
  },
};

/** The same at ten million, beside a tenth of it. */
export const tenMillionPredictions: Part = {
  name: 'ten-million-predictions',
  seconds: [2_400, 1_500],
  onlyByName: true,
  measure: async (context) => {
    const { huge } = sizesFor(context.quick);
    const [few, most] = huge;
    const [base, found] = await passesOver(huge, context);
    if (base === undefined || found === undefined) return [];
    const scaled = base.nothing.map((ms) => (ms * most) / few);
    const [nothing, ...others] = figures(most, found, { p99: 100, memory: 250 });
    const asBase = { name: `as over ${count(few)}`, kind: 'floor', rounds: scaled, factor: 1.2 } as const;
    return [
      ...(nothing === undefined ? [] : [{ ...nothing, comparisons: [asBase, ...nothing.comparisons] }]),
      ...others,
    ];
  },
};

/** @param sizes ascending: each is filled up from the one before */
const passesOver = (sizes: readonly number[], { rounds, progress }: Context): Promise<readonly Found[]> =>
  withPostgres((server) =>
    withScene(server, async (scene) => {
      const daemon = await scene.start();
      await settled(daemon);
      const all: Found[] = [];
      let written = 0;
      for (const size of sizes) {
        progress(`${count(size)}, writing`);
        while (written < size) written += await fill(scene, Math.min(fillAtOnce, size - written));
        await scene.database.query('VACUUM (ANALYZE) predictions');
        await fullPass(daemon, scene.database); // warms up
        const times: Omit<Found, 'peakMb'> = { nothing: [], missing: [], reading: [], tail: [] };
        for (let round = 1; round <= rounds; round++) {
          progress(`${count(size)}, round ${round} of ${rounds}`);
          await measure(scene, daemon, times, round);
        }
        all.push({ ...times, peakMb: daemon.peakMb() });
      }
      progress('checking');
      await verifyAll(scene, daemon);
      return all;
    }),
  );

/** Redis holds what waits in the stream a second time: no more of that than this. */
const fillAtOnce = 1_000_000;

async function fill({ store, versionId, database, client }: Scene, size: number): Promise<number> {
  await inBulk(store, versionId, size);
  await applied(database, await lastEntry(client), 10);
  return size;
}

async function measure(
  scene: Scene,
  daemon: DaemonProcess,
  found: Omit<Found, 'peakMb'>,
  round: number,
): Promise<void> {
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

interface Bars {
  readonly nothing?: number;
  readonly p99: number;
  readonly memory: number;
}

function figures(
  passed: number,
  { nothing, missing, reading, tail, peakMb }: Found,
  bars: Bars,
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
    ? [delays(0.5, {}), delays(0.99, { atMost: bars.p99 })]
    : [];
  return [
    {
      name: `full pass over ${rows}, nothing to do`,
      covers: `${covers}Beside it SCAN and HGET of every creation time, pipelined by a thousand, while nothing else happens.`,
      unit: 'ms',
      rounds: nothing,
      comparisons: [{ name: 'reading Redis alone', kind: 'floor', rounds: reading, factor: bars.nothing }],
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
      atMost: bars.memory,
      comparisons: [],
    },
  ];
}
