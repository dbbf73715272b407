import type { Entry as StreamEntry, Page } from '../../../../src/archive/tail/stream';

/**
 * Stores that are plain data. Redis has records that change ("r", of two kinds; what they hold is the number of the change), and a stream of entries: `r`
 * nominates one, `p` carries a record that is written once. Postgres has rows, a position and an owner.
 */
export const kinds = ['model', 'dataset'] as const;
export type Kind = (typeof kinds)[number];

export interface Entry {
  readonly id: number;
  readonly says: Kind | 'p';
}

export interface Stores {
  readonly redis: {
    readonly r: Record<Kind, number>;
    readonly stream: Entry[];
    lastId: number;
    clock: number;
  };
  readonly postgres: {
    readonly r: Record<Kind, number>;
    /** By entry; the same twice would be there twice. */
    readonly p: number[];
    position: number;
    epoch: number;
    /** Held from a fence to its commit, or to the end of a session that nobody hears of any more. */
    locked: Promise<void> | undefined;
  };
  /** The p that were written, by entry. */
  readonly owed: number[];
  /** What was found wrong, at once: what is thrown is retried. */
  readonly wrong: string[];
}

export const newStores = (): Stores => ({
  redis: { r: { model: 0, dataset: 0 }, stream: [], lastId: 0, clock: 0 },
  postgres: { r: { model: 0, dataset: 0 }, p: [], position: 0, epoch: 0, locked: undefined },
  owed: [],
  wrong: [],
});

/** A write that the stream tells of, in one step with it. */
export function write({ redis, owed }: Stores, says: Entry['says']): void {
  const id = ++redis.lastId;
  redis.stream.push({ id, says });
  if (says === 'p') owed.push(id);
  else redis.r[says] = ++redis.clock;
}

/** A write of which nobody hears: only a pass finds it. */
export function writeUnheard({ redis }: Stores, kind: Kind): void {
  redis.r[kind] = ++redis.clock;
}

/** What one transaction brings. */
export interface Batch {
  readonly r: Partial<Record<Kind, number>>;
  readonly p: readonly number[];
  /** Undefined: it stays where it is. */
  readonly position: number | undefined;
}

/** Commits, and looks at what may be seen from now on. */
export function commit(stores: Stores, { r, p, position }: Batch): void {
  const { postgres, redis, wrong } = stores;
  for (const kind of kinds) {
    const value = r[kind];
    if (value === undefined) continue;
    if (value < postgres.r[kind]) wrong.push(`I3: ${kind} goes back from ${postgres.r[kind]} to ${value}`);
    postgres.r[kind] = value;
  }
  postgres.p.push(...p);
  if (new Set(postgres.p).size < postgres.p.length)
    wrong.push(`I2: a record is there twice: ${postgres.p.join()}`);
  if (position === undefined) return;
  if (position < postgres.position) wrong.push(`I7: the position goes back to ${position}`);
  postgres.position = position;
  const missing = stores.owed.find((id) => id <= position && !postgres.p.includes(id));
  if (missing !== undefined)
    wrong.push(`I7: the position is ${position}, and entry ${missing} is not in Postgres`);
  if (position > redis.lastId) wrong.push(`I7: the position is ${position}, which nobody has written`);
}

/** By MINID: what is before the position. */
export function trim({ redis, postgres, wrong }: Stores, position: number): void {
  const gone = redis.stream.filter(({ id }) => id < position);
  redis.stream.splice(0, gone.length);
  const lost = gone.find(({ id, says }) =>
    says === 'p' ? !postgres.p.includes(id) : postgres.position < id,
  );
  if (lost !== undefined) wrong.push(`I7: entry ${lost.id} is trimmed, and Postgres has not got it`);
}

/** I1: where nothing is left to do, everything is reflected. */
export function outOfStep({ redis, postgres, owed }: Stores): readonly string[] {
  const stale = kinds.filter((kind) => redis.r[kind] !== postgres.r[kind]);
  const lost = owed.filter((id) => !postgres.p.includes(id));
  return [
    ...stale.map((kind) => `I1: all is done, and ${kind} is ${postgres.r[kind]} instead of ${redis.r[kind]}`),
    ...lost.map((id) => `I1: all is done, and entry ${id} is lost`),
  ];
}

export const isPlain = ({ nominated }: Page): boolean => nominated.size === 0;

/** The row of the checkpoint. @returns what lets go of it */
export async function lock(postgres: Stores['postgres']): Promise<() => void> {
  while (postgres.locked !== undefined) await postgres.locked;
  let release: () => void = () => undefined;
  postgres.locked = new Promise((resolve) => (release = resolve));
  return () => {
    postgres.locked = undefined;
    release();
  };
}

/** As XREAD answers. */
export function readAfter({ redis }: Stores, from: number, most: number): unknown {
  const entries = redis.stream.filter(({ id }) => id > from).slice(0, most);
  return entries.length === 0 ? null : [[Buffer.from('stream'), entries.map(entryOf)]];
}

const entryOf = ({ id, says }: Entry): StreamEntry => [
  Buffer.from(`${id}-0`),
  says === 'p' ? [Buffer.from('prediction='), Buffer.alloc(0)] : [Buffer.from(says), Buffer.from('1')],
];
