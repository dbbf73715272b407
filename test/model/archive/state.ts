import type { RedisFacts } from '../../../src/archive/position/redis-facts';

/**
 * The pipeline from Redis to Postgres as plain data: one record that changes ("r", by nomination), and records that come by value and refer to it
 * ("p", each a number). What r holds is told by the number of the change, as in ../cache/state.ts. Entry ids are numbers, and never come twice,
 * since they follow the clock.
 */
export const instances = ['A', 'B'] as const;
export type Instance = (typeof instances)[number];

export interface Entry {
  readonly id: number;
  /** Nominates r, which had this change then; or carries a p. */
  readonly says: 'r' | 'p';
  readonly number: number;
}

export interface Redis {
  /** 0: it is not there. */
  r: number;
  p: number[];
  stream: Entry[];
  lastId: number;
  added: number;
  counter: number;
  incarnation: string | null;
  /** Of the server: another one after each start. */
  run: string;
}

/** `seen` are the facts of Redis at the last look; those of the stream are left out, which only make a loss known sooner. */
export interface Position {
  readonly incarnation: string | null;
  readonly entryId: number;
  readonly seen: RedisFacts | null;
}

export interface Postgres {
  r: number;
  p: number[];
  letters: number[];
  /** Whether the letters are to be tried again. */
  due: boolean;
  position: Position;
  /** The count and the name of an owner together: never the same twice. */
  epoch: number;
  owner: Instance | null;
}

/** A transaction: what was read for it, and where it wants the position. */
export interface Apply {
  readonly epoch: number;
  readonly expect: number;
  readonly entryId: number;
  /** What r was when it was looked up; undefined: it was not nominated. */
  readonly r?: number | undefined;
  /** What r was as a parent. */
  readonly parent: number;
  readonly p: readonly number[];
  readonly retried?: readonly number[];
  readonly ofPass?: true;
  reply?: 'committed' | 'displaced';
  /** Mutant: the position was committed, and the rows were not yet. */
  half?: true;
}

export interface Pass {
  /** What differs and is not known to be applied; null: nothing was compared yet. */
  different: { readonly r: boolean; readonly p: readonly number[] } | null;
}

export interface Daemon {
  /** null: a standby. */
  epoch: number | null;
  /** null: to be read again. */
  position: Position | null;
  /** Whether Redis has to be looked at first. */
  must: boolean;
  facts?: RedisFacts | undefined;
  /** An incarnation that is in Postgres, and not in Redis yet. */
  claims?: string | undefined;
  /** The next entries, read ahead. */
  page: readonly Entry[] | null;
  apply: Apply | null;
  pass: Pass | null;
  /** Mutant: what was parked, and is not written down yet. */
  letters?: number[] | undefined;
  /** What retention has read of r, and whether Postgres has found it equal. */
  retains?: { readonly r: number; readonly equal: boolean } | undefined;
}

export interface ArchiveState {
  clock: number;
  names: number;
  redis: Redis;
  snapshot: Redis | null;
  postgres: Postgres;
  backup: Postgres | null;
  daemons: Record<Instance, Daemon | null>;
  /** Transactions whose client is gone: they may be committed, or not. */
  stray: Apply[];
  /** Every p that was written and that no fault of a store has taken away. */
  owed: number[];
  /** Which stores went back. After that of Redis what is older is not told by numbers any more. */
  wentBack: { redis: boolean; postgres: boolean };
  left: { writes: number; faults: number };
}

export interface ArchiveMutants {
  readonly positionBeforeData?: boolean;
  readonly trimBeforeCommit?: boolean;
  readonly noFence?: boolean;
  readonly lettersOutside?: boolean;
  readonly passDebtInMemory?: boolean;
  readonly noRetentionCheck?: boolean;
  /** Records that came by value go straight into their table, though the position does not prove them new. */
  readonly alwaysDirect?: boolean;
  /** A parent that comes lets nobody know that somebody waits for it. */
  readonly lettersStay?: boolean;
  /** Owners are told by their count alone, which goes back with a backup. */
  readonly ownersByCount?: boolean;
}

export type ArchiveFault =
  'crash' | 'cut' | 'silence' | 'flush' | 'redis restored' | 'stream deleted' | 'postgres restored';

export interface ArchiveScope {
  readonly instances: 1 | 2;
  readonly writes: number;
  readonly faults: number;
  readonly may: ReadonlySet<ArchiveFault>;
  /** Whether writers take records that came by value away at once. */
  readonly unlinks?: true;
  readonly retains?: true;
  /** Whether r is there from the beginning. */
  readonly parent?: true;
  /** Nobody owns the stream yet. */
  readonly fresh?: true;
  /** B took over from A and went on; there is a backup from before that. */
  readonly tookOver?: true;
}

export const newDaemon = (): Daemon => ({
  ...{ epoch: null, position: null, must: true, page: null, apply: null },
  pass: null,
});

/** What Redis shows of itself; `entryId` is that of the position. */
export function factsOf(
  { run, incarnation, stream, lastId, added, counter }: Redis,
  entryId: number,
): RedisFacts {
  return {
    ...{ runId: run, replication: null, incarnation },
    stream: {
      exists: lastId > 0,
      length: stream.length,
      firstId: stream[0] === undefined ? null : `${stream[0].id}-0`,
      lastGeneratedId: `${lastId}-0`,
      entriesAdded: lastId > 0 ? added : null,
    },
    counters: { r: counter === 0 ? null : `${counter}` },
    entryAt: stream.some(({ id }) => id === entryId),
  };
}

/** A has applied one entry, and goes on; or nobody has begun. B stands by, if it is there. */
export function initialState(scope: ArchiveScope): ArchiveState {
  const { instances: count, writes, faults, parent, fresh, tookOver } = scope;
  const r = parent === true ? 1 : 0;
  const nothing: Redis = {
    r,
    p: [],
    stream: [],
    lastId: 0,
    added: 0,
    counter: r,
    incarnation: null,
    run: 'r0',
  };
  const begun: Redis = {
    ...nothing,
    stream: [{ id: 1, says: 'r', number: r }],
    lastId: 1,
    added: 9,
    incarnation: 'i0',
  };
  const redis = fresh === true ? nothing : begun;
  const state: ArchiveState = {
    ...{ clock: 1, names: 0, redis },
    snapshot: null,
    postgres: {
      ...{ r, p: [], letters: [], due: false },
      position: fresh === true ? { incarnation: null, entryId: 0, seen: null } : positionAt(redis, 1),
      ...(fresh === true ? { epoch: 0, owner: null } : { epoch: 1, owner: 'A' }),
    },
    backup: null,
    daemons: {
      A: fresh === true ? newDaemon() : owner(1, positionAt(redis, 1)),
      B: count === 2 ? newDaemon() : null,
    },
    ...{ stray: [], owed: [], wentBack: { redis: false, postgres: false } },
    left: { writes, faults },
  };
  return tookOver === true ? takenOver(state) : state;
}

/** Since the backup r was written, and then a p, of which the entry is left. */
function takenOver(state: ArchiveState): ArchiveState {
  const stream: Entry[] = [{ id: 3, says: 'p', number: 3 }];
  const redis: Redis = { ...state.redis, r: 2, p: [3], stream, lastId: 3, added: 11, counter: 3 };
  const position = positionAt(redis, 3);
  return {
    ...{ ...state, clock: 3, redis, backup: state.postgres, owed: [3] },
    postgres: { ...state.postgres, r: 2, p: [3], position, epoch: 2, owner: 'B' },
    daemons: { A: newDaemon(), B: owner(2, position) },
  };
}

const positionAt = (redis: Redis, entryId: number): Position => ({
  ...{ incarnation: 'i0', entryId },
  seen: factsOf(redis, entryId),
});

const owner = (epoch: number, position: Position): Daemon => ({
  ...newDaemon(),
  epoch,
  position,
  must: false,
});
