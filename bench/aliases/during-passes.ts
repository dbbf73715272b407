import type { DaemonProcess } from '../daemon-process';
import { count, type Figure } from '../figure';
import { percentile } from '../median';
import type { Context, Part } from '../suite';
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
  seconds: [60, 18],
  measure: async (context) => {
    const rows = sizesFor(context.quick).many.at(-1) ?? 0;
    return figures(rows, await measure(rows, context), { p99: 50, memory: 170 });
  },
};

/** The same at ten million, beside a tenth of it. */
export const tenMillionAliases: Part = {
  name: 'ten-million-aliases',
  seconds: [1_500, 900],
  onlyByName: true,
  measure: async (context) => {
    const [few, rows] = sizesFor(context.quick).huge;
    const base = await measure(few, context);
    const found = await measure(rows, context);
    const scaled = base.passes.map((ms) => (ms * rows) / few);
    return [
      {
        name: `pass over ${count(rows)} rows while others write`,
        covers: `with a few changed, one pass after the other; as the daemon logs it (pass.done). Beside it what one over ${count(few)} takes, times ${rows / few}.`,
        unit: 'ms',
        rounds: found.passes,
        comparisons: [{ name: `as over ${count(few)}`, kind: 'floor', rounds: scaled, factor: 1.2 }],
      },
      ...figures(rows, found, { p99: 100, memory: 250 }),
    ];
  },
};

interface Found {
  /** Megabytes, after the passes above, and the most ever. */
  readonly early: number;
  readonly late: number;
  readonly peak: number;
  /** Milliseconds of each change of a round that fell into a pass, and of each pass but the first. */
  readonly inPass: readonly (readonly number[])[];
  readonly passes: readonly number[];
}

const measure = (rows: number, { quick, rounds, progress }: Context): Promise<Found> => {
  progress(`${count(rows)} rows, preparing`);
  return withScene({ rows, interval: 1 }, async (scene) => {
    const { daemon, dbPath, client } = scene;
    await daemon.nth('pass.done', earlyPass);
    const early = await daemon.residentMb();
    const inPass: (readonly number[])[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`${count(rows)} rows, round ${round} of ${rounds}`);
      inPass.push(await delaysInPasses(scene, sizesFor(quick).mutations));
    }
    await daemon.nth('pass.done', latePass);
    const found = { early, late: await daemon.residentMb(), peak: daemon.peakMb() };
    progress(`${count(rows)} rows, checking`);
    await verify(dbPath, client);
    const passes = passTimes(daemon).map(({ start, end }) => end - start);
    return { ...found, inPass, passes: passes.slice(1) };
  });
};

function figures(
  size: number,
  { early, late, peak, inPass }: Found,
  bars: { readonly p99: number; readonly memory: number },
): readonly Figure[] {
  const rows = `${count(size)} rows`;
  const latency = (share: number, bar: Pick<Figure, 'atMost'>): Figure => ({
    name: `change during a pass over ${rows}, p${share * 100}`,
    covers:
      'as commit to visible, for changes whose COMMIT was issued while a full pass ran; the daemon on the same cores as Redis, the ' +
      'writer and the observer.',
    unit: 'ms',
    rounds: inPass.map((delays) => percentile(delays, share)),
    ...bar,
    comparisons: [],
  });
  return [
    latency(0.5, {}),
    latency(0.99, { atMost: bars.p99 }),
    {
      name: `resident memory at ${rows}`,
      covers: `of the daemon's process (not Redis) after ${latePass} passes or more, with the changes above in between; beside it, after ${earlyPass}. Once.`,
      unit: 'MB',
      rounds: [late],
      atMost: bars.memory,
      comparisons: [
        {
          name: `after ${earlyPass} passes`,
          kind: 'floor',
          rounds: [early],
          factor: 1 + growthAllowed / 100,
        },
      ],
    },
    {
      name: `the highest ever at ${rows}`,
      covers: 'the most that process ever held (VmHWM), the first pass into an empty Redis included. Once.',
      unit: 'MB',
      rounds: [peak],
      atMost: bars.memory,
      comparisons: [],
    },
  ];
}

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
