import type { DaemonProcess } from '../daemon-process';
import { count, type Figure } from '../figure';
import { percentile } from '../median';
import type { Part } from '../suite';
import { verify } from './fingerprint';
import { withObserver } from './observer';
import { type Scene, withScene } from './scene';
import { sizesFor } from './sizes';
import type { Write } from './spaced';

const [earlyPass, latePass] = [2, 10];
/** More than this between the two is growth, less is the garbage collector's timing. */
const growthAllowed = 10;

/** The daemon with many rows and passes all the time: its memory, and how long a change takes while a pass runs. */
export const duringPasses: Part = {
  name: 'during-passes',
  measure: async ({ quick, rounds, progress }) => {
    const sizes = sizesFor(quick);
    const early: number[] = [];
    const late: number[] = [];
    const peak: number[] = [];
    const inPass: (readonly number[])[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}`);
      await withScene({ rows: sizes.large, interval: 1 }, async (scene) => {
        const { daemon, dbPath, client } = scene;
        await daemon.nth('pass.done', earlyPass);
        early.push(await daemon.residentMb());
        inPass.push(await delaysInPasses(scene, sizes.mutations));
        await daemon.nth('pass.done', latePass);
        late.push(await daemon.residentMb());
        peak.push(daemon.peakMb());
        await verify(dbPath, client);
      });
    }
    const rows = `${count(sizes.large)} rows`;
    const latency = (share: number, bar: Pick<Figure, 'atMost'>): Figure => ({
      name: `change during a pass over ${rows}, p${share * 100}`,
      covers:
        `as commit to visible, for at least ${count(sizes.mutations)} changes a round whose COMMIT was issued while a ` +
        'full pass ran; the daemon on the same cores as Redis, the writer and the observer.',
      unit: 'ms',
      rounds: inPass.map((delays) => percentile(delays, share)),
      ...bar,
      comparisons: [],
    });
    return [
      latency(0.5, {}),
      latency(0.99, { atMost: 50 }),
      {
        name: `resident memory at ${rows}`,
        covers: `of the daemon's process (not Redis) after ${latePass} passes, with the changes above in between; beside it, after ${earlyPass}.`,
        unit: 'MB',
        rounds: late,
        atMost: 250,
        comparisons: [
          {
            name: `after ${earlyPass} passes`,
            kind: 'floor',
            rounds: early,
            factor: 1 + growthAllowed / 100,
          },
        ],
      },
      {
        name: 'its highest ever',
        covers: 'the most that process ever held (VmHWM), the first pass into an empty Redis included.',
        unit: 'MB',
        rounds: peak,
        atMost: 250,
        comparisons: [],
      },
    ];
  },
};

/** Changes the tables until `wanted` of the changes fell into passes. @returns how long each of those took. */
const delaysInPasses = ({ daemon, writer, redisUrl }: Scene, wanted: number): Promise<readonly number[]> =>
  withObserver(redisUrl, async (observer) => {
    const samples: { readonly write: Write; readonly delay: number }[] = [];
    for (;;) {
      const writes = await writer.ask({ do: 'mutate', count: wanted / 4, spacingMs: 10 });
      const delays = await observer.delays(writes);
      samples.push(...writes.map((write, index) => ({ write, delay: delays[index] ?? Infinity })));
      const passes = passTimes(daemon);
      const inPass = samples.filter(({ write: { wallTime } }) =>
        passes.some(({ start, end }) => wallTime >= start && wallTime <= end),
      );
      if (inPass.length >= wanted) return inPass.map(({ delay }) => delay);
    }
  });

/** When the complete passes so far began and ended, in milliseconds since 1970. */
const passTimes = ({ events }: DaemonProcess): readonly { readonly start: number; readonly end: number }[] =>
  events
    .filter(({ event }) => event === 'pass.done')
    .map(({ startedAt, ms }) => ({ start: Number(startedAt), end: Number(startedAt) + Number(ms) }));
