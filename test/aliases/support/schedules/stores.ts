import type fc from 'fast-check';
import type { RedisConnection } from '../../../../src/connections/redis';
import { checkpointKey, parseCheckpoint } from '../../../../src/aliases/sink/checkpoint';
import { eachText, textsIn } from '../../../../src/aliases/sink/packed';

const never = new Promise<never>(() => undefined);

/** What a key holds is told by the number of the change it shows; "older" is "smaller". */
export const names = ['a', 'b'] as const;
export type Name = (typeof names)[number];
export const changelogId = 'log';

/** An SQLite file with its changelog, and a Redis, as plain data. */
export interface Stores {
  /** Mutant: apply.lua without its first lines. */
  readonly fenced: boolean;
  readonly file: { readonly truth: Record<Name, number>; readonly log: Name[] };
  readonly redis: { checkpoint: string; keys: Record<Name, number> };
  /** By incarnation, the position at which it began: what is before is up to a pass. */
  readonly bases: Map<string, number>;
  /** What was found wrong, at once: what is thrown is retried. */
  readonly wrong: string[];
}

export const newStores = (fenced: boolean): Stores => ({
  fenced,
  file: { truth: { a: 1, b: 1 }, log: ['a'] },
  redis: { checkpoint: '', keys: { a: 0, b: 0 } },
  bases: new Map(),
  wrong: [],
});

/** A change and its row of the changelog: one commit. Its number is that of the row. */
export function write({ file }: Stores, name: Name): void {
  file.log.push(name);
  file.truth[name] = file.log.length;
}

export function flush({ redis }: Stores): void {
  redis.checkpoint = '';
  redis.keys = { a: 0, b: 0 };
}

/** apply.lua: fence, values, checkpoint. */
function execute(stores: Stores, args: readonly (string | Buffer)[]): readonly unknown[] {
  const { redis, wrong, fenced } = stores;
  const [, expected = '', leave = '', ...batches] = args;
  if (redis.checkpoint === leave) return ['applied'];
  if (redis.checkpoint !== expected && fenced) return ['moved', redis.checkpoint];
  redis.checkpoint = String(leave);
  for (; batches.length > 0; batches.splice(0, 4)) {
    const values = textsOf(batches[3]);
    for (const [index, key] of textsOf(batches[0]).entries()) {
      const name = key as Name;
      const value = Number(values[index]);
      if (value < redis.keys[name]) wrong.push(`I3: ${name} goes back from ${redis.keys[name]} to ${value}`);
      redis.keys[name] = value;
    }
  }
  aheadOfData(stores);
  return ['applied', 0, 0, 0];
}

function textsOf(packed: string | Buffer | undefined): readonly string[] {
  const texts: string[] = [];
  if (!Buffer.isBuffer(packed)) return texts;
  const read = textsIn(packed);
  eachText(packed, (from, to) => texts.push(String(read(from, to))));
  return texts;
}

/** I7: what the changelog has up to the checkpoint, from where its incarnation began, is in Redis. */
function aheadOfData({ file, redis, bases, wrong }: Stores): void {
  const { incarnation, position } = parseCheckpoint(redis.checkpoint) ?? {};
  if (incarnation === undefined || position == null) return;
  const base = bases.get(incarnation) ?? position.seq;
  bases.set(incarnation, base);
  for (let seq = base + 1; seq <= position.seq; seq++) {
    const name = file.log[seq - 1];
    if (name === undefined || redis.keys[name] < seq)
      wrong.push(`I7: the checkpoint is at ${position.seq}, and change ${seq} is not in Redis`);
  }
}

/** I1: where nothing is left to do, everything is reflected. */
export const outOfStep = ({ file, redis }: Stores): readonly string[] =>
  names
    .filter((name) => redis.keys[name] !== file.truth[name])
    .map((name) => `I1: all is done, and ${name} is ${redis.keys[name]} instead of ${file.truth[name]}`);

/**
 * A connection: commands are executed in their order, and answered in their order. One that is cut answers no more: what was sent may be executed
 * later, in its order, or never.
 */
export function connectTo(
  stores: Stores,
  schedule: fc.Scheduler,
  { isDead, cuts }: { readonly isDead: () => boolean; readonly cuts: () => boolean },
): RedisConnection {
  interface Line {
    executed: Promise<unknown>;
    answered: Promise<unknown>;
    readonly cut: Promise<never>;
    readonly fail: (error: Error) => void;
  }
  const open = (): Line => {
    let fail: (error: Error) => void = () => undefined;
    const cut = new Promise<never>((_resolve, reject) => (fail = reject));
    cut.catch(() => undefined);
    return { executed: Promise.resolve(), answered: Promise.resolve(), cut, fail };
  };
  let line = open();
  const ask = async <T>(label: string, run: () => T): Promise<T> => {
    if (isDead()) return never;
    const mine = line;
    const executed = mine.executed.then(() => schedule.schedule(Promise.resolve(), label)).then(run);
    mine.executed = executed;
    const answered = Promise.all([executed, mine.answered]).then(async ([value]) => {
      await schedule.schedule(Promise.resolve(), `${label}: answer`);
      return value;
    });
    mine.answered = answered;
    if (cuts()) {
      void schedule.schedule(Promise.resolve(), 'cut').then(() => {
        if (line === mine) line = open();
        mine.fail(new Error('away'));
      });
    }
    const outcome = Promise.race([answered, mine.cut]);
    await outcome.catch(() => undefined);
    return isDead() ? never : outcome;
  };
  const client = {
    defineCommand: () => undefined,
    get: (key: string) => ask('GET', () => (key === checkpointKey ? stores.redis.checkpoint || null : null)),
    mget: () => ask('MGET', () => ({ ...stores.redis.keys })),
    millraceApplyAliases: (...args: readonly (string | Buffer)[]) =>
      ask('apply', () => execute(stores, args)),
  };
  return { client, translate: (error: unknown) => error } as unknown as RedisConnection;
}
