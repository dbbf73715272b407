import { type Comparison, count, type Figure } from '../figure';

export const scenarios = ['first', 'nothing', 'drift'] as const;
export type Scenario = (typeof scenarios)[number];
/** Milliseconds, a value for each round. */
export type Times = Readonly<Record<Scenario, number[]>>;

export interface PassTimes {
  readonly millrace: Times;
  readonly floor: Times;
  /** Empty where the documents' algorithm was not run. */
  readonly document: Times;
  readonly install: number;
}

/** How many times the floor a pass may take, by its rows. */
const bars: Readonly<Record<Scenario, Readonly<Record<number, number>>>> = {
  first: { 20_000: 2, 100_000: 1.8, 1_000_000: 1.8 },
  nothing: { 20_000: 1.3, 100_000: 1.15 },
  drift: { 20_000: 1.6, 100_000: 1.6 },
};

const words: Readonly<Record<Scenario, readonly [name: string, covers: string]>> = {
  first: ['first pass', 'into an empty Redis'],
  nothing: ['pass with nothing to do', 'both sides alike'],
  drift: [
    'pass with 1 % changed',
    'of the keys in Redis 0.33 % were given another value, 0.33 % deleted, and 0.33 % stale ones added, which no changelog tells of',
  ],
};

export function passFigures(
  rows: number,
  { millrace, floor, document, install }: PassTimes,
): readonly Figure[] {
  const all = scenarios.map((scenario): Figure => {
    const [name, covers] = words[scenario];
    const comparisons: Comparison[] = [
      {
        name: scenario === 'first' ? 'MSET of 1000' : 'SCAN + MGET',
        kind: 'floor',
        rounds: floor[scenario],
        factor: bars[scenario][rows],
      },
    ];
    if (document.first.length > 0) {
      comparisons.push({ name: 'KEYS, GET, SET', kind: 'rival', rounds: document[scenario], factor: 20 });
    }
    return {
      name: `${name}, ${count(rows)} rows`,
      covers: `${covers}; opening both stores included, the capture was installed before. In the benchmark's process, one pass at a time.`,
      unit: 'ms',
      rounds: millrace[scenario],
      comparisons,
    };
  });
  const installed: Figure = {
    name: `installing the capture, ${count(rows)} rows`,
    covers:
      'once in the life of a database; the changelog, the triggers and the indexes, in one transaction. Measured once.',
    unit: 'ms',
    rounds: [install],
    comparisons: [],
  };
  return [...all, installed];
}
