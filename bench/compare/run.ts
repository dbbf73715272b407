import { type Server, withPostgres } from '../archive/database';
import { archiveCases } from './archive/cases';
import { archiveContenders } from './archive/contenders';
import { archiveDifferences } from './archive/records';
import { type ArchiveScene, withArchiveScene } from './archive/scene';
import { cacheCases } from './cache/cases';
import { cacheContenders } from './cache/contenders';
import { cacheDifferences, withCacheScene } from './cache/scene';
import { judge, type Verdict } from './judge';
import type { Case, Contender } from './program';

/** A case that could not be tried says why. */
export type Outcome = Verdict | { readonly arrived: 'not tried'; readonly why: string };

export interface Row {
  readonly name: string;
  readonly what: string;
  /** By contender. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

export interface Comparison {
  readonly direction: Direction;
  readonly title: string;
  /** Seconds between two polls, and between two full passes of Millrace. */
  readonly interval: number;
  readonly contenders: readonly { readonly name: string; readonly is: string }[];
  readonly rows: readonly Row[];
}

export const directions = ['cache', 'archive'] as const;
export type Direction = (typeof directions)[number];
/** As the documents have them, and Millrace by default. */
const intervals = { cache: 120, archive: 300 } as const;
const titles = { cache: 'SQLite to Redis', archive: 'Redis to PostgreSQL' } as const;

/** All that can be tried, of each direction. */
export const cases = { cache: cacheCases, archive: archiveCases } as const;

export interface CompareOptions {
  /** Undefined: all of them. */
  readonly names: ReadonlySet<string> | undefined;
  readonly progress: (what: string) => void;
}

export function compare(direction: Direction, options: CompareOptions): Promise<Comparison> {
  return direction === 'cache'
    ? compareCaches(options)
    : withPostgres((server) => compareArchives(server, options));
}

const compareCaches = (options: CompareOptions): Promise<Comparison> =>
  each('cache', cacheCases, cacheContenders, options, (one, contender) =>
    withCacheScene(contender, (scene) => judge(one, { ...contender, scene, differences: cacheDifferences })),
  );

const compareArchives = (server: Server, options: CompareOptions): Promise<Comparison> => {
  const differences = ({ owed, database }: ArchiveScene) => archiveDifferences(owed, database);
  return each('archive', archiveCases, archiveContenders, options, (one, contender) =>
    withArchiveScene({ ...contender, server }, (scene) => judge(one, { ...contender, scene, differences })),
  );
};

/** Case after case; each in stores of its own, all contenders at once, since most of it is waiting. */
async function each<Scene, Stores>(
  direction: Direction,
  all: readonly Case<Scene>[],
  contenders: readonly Contender<Stores>[],
  { names, progress }: CompareOptions,
  judgeOne: (one: Case<Scene>, contender: Contender<Stores>) => Promise<Verdict>,
): Promise<Comparison> {
  const rows: Row[] = [];
  for (const one of all.filter(({ name }) => names?.has(name) ?? true)) {
    progress(`${titles[direction]}: ${one.what}`);
    const outcomes = contenders.map(async (contender): Promise<readonly [string, Outcome]> => {
      const outcome = judgeOne(one, contender).catch((error: unknown): Outcome => {
        return { arrived: 'not tried', why: error instanceof Error ? error.message : String(error) };
      });
      return [contender.name, await outcome];
    });
    rows.push({ name: one.name, what: one.what, outcomes: Object.fromEntries(await Promise.all(outcomes)) });
  }
  return {
    ...{ direction, title: titles[direction], interval: intervals[direction], rows },
    contenders: contenders.map(({ name, is }) => ({ name, is })),
  };
}
