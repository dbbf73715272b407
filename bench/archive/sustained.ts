import { count, type Figure } from '../figure';
import { percentile } from '../median';
import type { Part } from '../suite';
import { type Server, withPostgres } from './database';
import { TooSlow } from './load';
import { type Sample, slope } from './probe';
import { settled, withScene } from './scene';
import { sizesFor } from './sizes';
import { steady, verifyAll } from './steady';

const usualRates = [5_000];
const longestP99 = 100;

interface Lag {
  readonly samples: readonly Sample[];
  readonly peakMb: number;
}

/** A steady rate for minutes: does the lag stay where it is? */
export const sustained: Part = {
  name: 'sustained',
  seconds: [260],
  compared: false,
  measure: ({ quick, minutes, progress }) =>
    withPostgres(async (server) => {
      const { ladder, ladderSeconds } = sizesFor(quick);
      const figures: Figure[] = [];
      let highest = 0;
      for (const perSecond of usualRates) {
        progress(`${count(perSecond)}/s for ${minutes} min`);
        const lag = await measureRate(server, perSecond, minutes * 60);
        figures.push(...lagFigures(lag, perSecond, minutes));
        if (p99(lag) < longestP99) highest = perSecond;
      }
      const tried: string[] = [];
      for (const perSecond of ladder) {
        if (highest === 0) break;
        progress(`${count(perSecond)}/s for ${ladderSeconds} s`);
        const found = await measureRate(server, perSecond, ladderSeconds).then(p99, tooSlow);
        tried.push(
          `${count(perSecond)}/s ${typeof found === 'number' ? `${found.toFixed(0)} ms` : found.message}`,
        );
        if (typeof found !== 'number' || found >= longestP99) break;
        highest = perSecond;
      }
      figures.push({
        name: `highest rate with p99 below ${longestP99} ms`,
        covers:
          `of ${[...usualRates, ...ladder].map(count).join(', ')} predictions a second; those above ${count(usualRates.at(-1) ?? 0)}/s for ` +
          `${ladderSeconds} s each, written in bulk, until one fails: ${tried.join('; ')}. Once.`,
        unit: '/s',
        rounds: [highest],
        comparisons: [],
      });
      return figures;
    }),
};

const p99 = ({ samples }: Lag): number =>
  percentile(
    samples.map((sample) => sample.delay),
    0.99,
  );

function tooSlow(error: unknown): TooSlow {
  if (error instanceof TooSlow) return error;
  throw error;
}

const measureRate = (server: Server, perSecond: number, seconds: number): Promise<Lag> =>
  withScene(server, async (scene) => {
    const daemon = await scene.start();
    await settled(daemon);
    // Warms up.
    await steady({
      scene,
      way: 'functions',
      perSecond: Math.min(perSecond, 5_000),
      seconds: Math.min(5, seconds),
    });
    const samples = await steady({ scene, way: 'functions', perSecond, seconds });
    const peakMb = daemon.peakMb();
    await verifyAll(scene, daemon);
    return { samples, peakMb };
  });

function lagFigures({ samples, peakMb }: Lag, perSecond: number, minutes: number): readonly Figure[] {
  const delays = samples.map((sample) => sample.delay);
  const common = { rounds: [] as readonly number[], comparisons: [] };
  const name = (what: string) => `${count(perSecond)}/s for ${minutes} min, ${what}`;
  const covers =
    `predictions written by the function library by another process (one call each), all but 100 a second, of which each is ` +
    'watched: from just before the call until another connection, which asks about every 2 ms, finds the row. Once.';
  const p99Bar = perSecond === 5_000 ? { atMost: 50 } : {};
  return [
    { ...common, name: name('p50 lag'), covers, unit: 'ms', rounds: [percentile(delays, 0.5)] },
    {
      ...common,
      name: name('p99 lag'),
      covers: 'the same.',
      unit: 'ms',
      rounds: [percentile(delays, 0.99)],
      ...p99Bar,
    },
    {
      ...common,
      name: name('largest lag'),
      covers: 'the same.',
      unit: 'ms',
      rounds: [percentile(delays, 1)],
    },
    {
      ...common,
      name: name('growth of the lag'),
      covers: 'slope of a straight line through all samples: 0 where the rate can be kept up for ever.',
      unit: 'ms/min',
      rounds: [slope(samples)],
    },
    {
      ...common,
      name: name('memory'),
      covers: 'the most that the daemon ever held (VmHWM).',
      unit: 'MB',
      rounds: [peakMb],
      atMost: 170,
    },
  ];
}
