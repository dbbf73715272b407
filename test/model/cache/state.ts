/**
 * The pipeline from SQLite to Redis as plain data. What a key holds is told by a number: the change it shows. Numbers rise with every commit,
 * so "older" is "smaller"; the protocol itself never looks at them.
 */
export const keys = ['a', 'b'] as const;
export type Key = (typeof keys)[number];
export type Values = Record<Key, number>;
export const instances = ['A', 'B'] as const;
export type Instance = (typeof instances)[number];

/** A row of the changelog: it nominates a key. */
export interface LogRow {
  readonly seq: number;
  readonly nonce: number;
  readonly key: Key;
}

export interface File {
  /** Of the changelog; what comes after the full stop changes when its triggers had to be mended. */
  id: string;
  captured: boolean;
  /** By key, the change that its rows show. */
  truth: Values;
  log: LogRow[];
}

export interface Position {
  readonly changelog: string;
  readonly seq: number;
  readonly nonce: string;
}

export interface Checkpoint {
  readonly incarnation: string;
  readonly stamp: string;
  readonly applies: number;
  readonly position: Position;
  /** For the invariants alone: where the incarnation began. What is before is up to a pass. */
  readonly base: number;
}

/** What is remembered of a checkpoint. */
export interface Confirmed {
  readonly incarnation: string;
  readonly applies: number;
  readonly changelog: string;
  readonly seq: number;
}

export const confirmedBy = ({
  incarnation,
  applies,
  position: { changelog, seq },
}: Checkpoint): Confirmed => ({
  ...{ incarnation, applies, changelog, seq },
});

export interface Redis {
  keys: Values;
  checkpoint: Checkpoint | null;
}

/** An apply on its way to Redis. */
export interface Apply {
  readonly expect: string;
  readonly leave: Checkpoint;
  readonly values: Partial<Values>;
  readonly adopts?: true;
  /** Of the pass under way. */
  readonly ofPass?: true | undefined;
  /** Redis' answer, until it is heard. */
  reply?: 'applied' | 'moved';
  /** Mutant: the checkpoint was written, and the values were not yet. */
  half?: true;
}

/** A full pass: the keys that differ and are not known to be applied; null: it has not compared them yet. */
export interface Pass {
  different: Key[] | null;
}

/** What a running instance holds in memory. */
export interface Daemon {
  /** The checkpoint after everything sent; null: unknown. */
  expected: Checkpoint | null;
  /** Of the newest checkpoint that Redis has acknowledged. */
  confirmed: Confirmed | null;
  /** The checkpoint as Redis had it, until it is judged; undefined: nobody has asked. */
  found?: { readonly checkpoint: Checkpoint | null } | undefined;
  /** Sent in this order, and not heard of. */
  wire: Apply[];
  /** null: none is owed. */
  pass: Pass | null;
}

export interface CacheState {
  /** The number of the newest change. */
  clock: number;
  /** How many stamps and incarnations there were. */
  names: number;
  file: File;
  /** Copies that somebody has made. */
  backup: File | null;
  redis: Redis;
  snapshot: Redis | null;
  daemons: Record<Instance, Daemon | null>;
  /** Applies of which nobody hears any more: they come to Redis some time, in their order, or never. */
  stray: Apply[];
  /** The highest position that a checkpoint ever had in this log; null: the file was restored since. */
  durable: number | null;
  /** How much may still happen. */
  left: { writes: number; faults: number };
}

/** The known ways to get it wrong, each of which has to be found. */
export interface CacheMutants {
  readonly positionBeforeData?: boolean;
  readonly trimBeforeCommit?: boolean;
  readonly noFence?: boolean;
  readonly noBeforeTriggers?: boolean;
  readonly passDebtInMemory?: boolean;
  readonly mendedLogKeepsItsId?: boolean;
  /** An apply that moves no position leaves the stamp that it has found. */
  readonly stampOfPosition?: boolean;
  /** Whether Redis goes back is told by positions alone. */
  readonly appliesNotCounted?: boolean;
}

/** What may happen in one exploration. */
export interface CacheScope {
  readonly instances: 1 | 2;
  readonly writes: number;
  readonly faults: number;
  readonly may: ReadonlySet<CacheFault>;
  /** Whether the changelog is pruned. */
  readonly prunes?: true;
  readonly fresh?: true;
  /** Whether writers replace rows as well. */
  readonly replaces?: true;
}

export type CacheFault =
  'crash' | 'cut' | 'flush' | 'redis restored' | 'file replaced' | 'file restored in place' | 'triggers lost';

const firstRow: LogRow = { seq: 1, nonce: 1, key: 'a' };

/** Instances that run, in step with a Redis that has been followed for a while; or, fresh, that begin with one that has nothing. */
export function initialState({ instances: count, writes, faults, fresh }: CacheScope): CacheState {
  const file: File = { id: 'log.0', captured: true, truth: { a: 1, b: 1 }, log: [firstRow] };
  const checkpoint: Checkpoint = {
    incarnation: 'i0',
    stamp: 's0',
    applies: 1,
    position: head(file),
    base: 1,
  };
  const daemon = (): Daemon =>
    fresh === true
      ? { expected: null, confirmed: null, wire: [], pass: freshPass() }
      : { expected: checkpoint, confirmed: confirmedBy(checkpoint), wire: [], pass: null };
  return {
    ...{ clock: 1, names: 0, file },
    backup: null,
    redis: {
      keys: fresh === true ? { a: 0, b: 0 } : { a: 1, b: 1 },
      checkpoint: fresh === true ? null : checkpoint,
    },
    snapshot: null,
    daemons: { A: daemon(), B: count === 2 ? daemon() : null },
    stray: [],
    durable: fresh === true ? 0 : 1,
    left: { writes, faults },
  };
}

export const freshPass = (): Pass => ({ different: null });

export const head = ({ id, log }: File): Position => {
  const last = log.at(-1) ?? firstRow;
  return { changelog: id, seq: last.seq, nonce: `${last.nonce}` };
};

/** Changelog.continues: the position's own row is still there. */
export const continues = ({ id, log }: File, { changelog, seq, nonce }: Position): boolean =>
  changelog === id && log.some((row) => row.seq === seq && `${row.nonce}` === nonce);
