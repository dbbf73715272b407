import type fc from 'fast-check';
import { ignoreElements, lastValueFrom, Subject } from 'rxjs';
import type { Behind, Relay } from '../../../../src/archive/apply/relay';
import type { Page } from '../../../../src/archive/tail/stream';
import type { StreamTail } from '../../../../src/archive/tail/stream-tail';
import type { PostgresConnection } from '../../../../src/connections/postgres/postgres';
import type { RedisConnection } from '../../../../src/connections/redis';
import type { Log } from '../../../../src/log/log';
import { aiRegistry } from '../../../../src/mapping/ai-registry';
import { Incidents } from '../../../../src/pipeline/incidents/incidents';
import type { Pass, PassRunner, Scope } from '../../../../src/pipeline/pass-runner';
import { PauseState } from '../../../../src/pipeline/pause';
import type { pump } from '../../../../src/pipeline/pump';
import type { Stage, Turns } from '../../../../src/pipeline/turns';
import { type Batch, commit, isPlain, type Kind, kinds, lock, readAfter, type Stores, trim } from './store';

/** The code that is tried: the real one, but for one mutant. */
export interface Code {
  readonly pump: typeof pump;
  readonly Turns: typeof Turns;
  readonly PassRunner: typeof PassRunner;
  readonly Relay: typeof Relay;
  readonly StreamTail: typeof StreamTail;
}

/** What fails, of a transaction or a chunk of a pass: before the fence; with the commit undone; with the reply lost, before or after it is done. */
export type Failure = 'before' | 'undone' | 'cut' | 'unheard' | undefined;

export interface Chances {
  /** How many pages may be under way. */
  readonly writers: number;
  /** How many entries the next read gives at the most. */
  readonly size: () => number;
  readonly failure: () => Failure;
  readonly mayGoOn: () => boolean;
  readonly isGrowing: () => boolean;
}

/** What was tried: without it the properties would hold for nothing. */
export interface Seen {
  together: number;
  failed: number;
  passes: number;
}

export interface Instance {
  /** Resolves when it has stopped; of one that was killed, never. */
  readonly stopped: Promise<void>;
  /** As SIGTERM: nothing is under way when it has stopped. */
  readonly stop: () => void;
  /** As kill -9: what was sent may still be done. */
  readonly kill: () => void;
  /** Something may be there to do. */
  readonly wake: () => void;
  /** Something was missed: a pass of this kind sees everything from now on. */
  readonly askForPass: (kind: Kind) => void;
}

interface Options {
  readonly code: Code;
  readonly stores: Stores;
  readonly schedule: fc.Scheduler;
  readonly chances: Chances;
  readonly seen: Seen;
  /** Whether writers are through: then it stops when nothing is left to do. */
  readonly isOver: () => boolean;
}

const nothing = () => undefined;
const never = new Promise<never>(nothing);
const log = { info: nothing, warn: nothing, failure: nothing, debug: nothing } as unknown as Log;

/** One life of a lane of the archive: pump, turns, passes, relay and tail are the real ones; each reply of a store comes when the schedule says. */
export function startInstance({ code, stores, schedule, chances, seen, isOver }: Options): Instance {
  const { redis, postgres, wrong } = stores;
  const { writers } = chances;
  const wake$ = new Subject<void>();
  const stop = new AbortController();
  const self: {
    dead: boolean;
    epoch: number;
    position: number | undefined;
    underWay: number;
    settling: boolean;
  } = { dead: false, epoch: 0, position: undefined, underWay: 0, settling: false };
  const step = async (label: string) => {
    await schedule.schedule(Promise.resolve(), label);
    if (self.dead) await never;
  };
  const failed = (why: string): Error => {
    seen.failed++;
    self.position = undefined; // `forget` in checkpoint.ts
    return new Error(why);
  };

  /** As ArchiveSink: rows, then whoever was before, then the fence, which locks, then the commit and its reply. */
  const transact = async (batch: Batch, failure: Failure, previous?: Promise<unknown>) => {
    await step('copies rows');
    if (failure === 'before') throw failed('away, copying');
    await previous;
    const unlock = await lock(postgres);
    const holds = self.epoch === postgres.epoch && self.position === postgres.position;
    await schedule.schedule(Promise.resolve(), 'fence');
    if (!holds || self.dead) unlock(); // rolled back
    if (self.dead) await never;
    if (!holds) throw failed('another position');
    // COMMIT is sent: it is done, whoever still hears of it.
    const done = schedule.schedule(Promise.resolve(), 'commits').then(() => {
      if (failure !== 'undone') commit(stores, batch);
      unlock();
    });
    if (failure === 'cut') throw failed('away, committing');
    await done;
    await step('replies');
    if (failure !== undefined) throw failed('away, having sent COMMIT');
    self.position = batch.position ?? self.position;
  };

  const applyPage = async (page: Page, behind?: Behind) => {
    if (self.settling) wrong.push(`${page.position} begins before all are through`);
    if (self.underWay > 0 && !isPlain(page)) wrong.push(`${page.position} is not plain, and not alone`);
    if (++self.underWay === 2) seen.together++;
    if (self.underWay > writers) wrong.push('more pages than connections are under way');
    try {
      const r: Partial<Record<Kind, number>> = {};
      if (!isPlain(page)) await step('looks up');
      for (const kind of kinds) if (page.nominated.has(kind)) r[kind] = redis.r[kind];
      const p = page.carried.map(({ from }) => parseInt(from?.entryId ?? ''));
      await transact({ r, p, position: parseInt(page.position) }, chances.failure(), behind?.previous);
    } catch (error) {
      self.settling = true;
      self.position = undefined;
      throw error;
    } finally {
      if (--self.underWay === 0) self.settling = false;
    }
  };

  const begin = (_reason: string, scope: Scope): Pass<object> => {
    if (chances.failure() !== undefined) throw failed('cannot begin a pass');
    const left = kinds
      .filter((kind) => scope === 'all' || scope.has(kind))
      .flatMap((kind) => [kind, undefined]); // then other records, so to speak
    const different = new Set<Kind>();
    return {
      progress: '',
      step: async () => {
        if (left.length > 0) {
          await step('compares');
          const [kind] = left;
          left.shift();
          if (kind !== undefined && redis.r[kind] !== postgres.r[kind]) different.add(kind);
          return 'more';
        }
        await step('looks up');
        const r = Object.fromEntries([...different].map((kind) => [kind, redis.r[kind]]));
        await transact({ r, p: [], position: undefined }, chances.failure());
        return {};
      },
    };
  };

  const xreadBuffer = async (...args: readonly unknown[]) => {
    await step('XREAD');
    const most = Math.min(Number(args[1]), chances.size());
    return readAfter(stores, parseInt(String(args.at(-1))), most);
  };
  const connection = { client: { xreadBuffer }, maxRecordBytes: 1e6, translate: (error: unknown) => error };
  const connect = () => step('connect');
  const tail = new code.StreamTail({
    ...{ connection: { ...connection, connect } as unknown as RedisConnection, catalogue: aiRegistry },
    ...{ onRead: nothing, echoes: { expect: nothing }, onReady: () => wake$.next() },
  });
  const passes = new code.PassRunner<object>({
    begin,
    onWanted: () => wake$.next(),
    onDone: () => seen.passes++,
  });
  const relay = new code.Relay({
    ...{ tail, apply: applyPage, isPlain, mayGoOn: chances.mayGoOn, isGrowing: chances.isGrowing },
    connections: Array.from({ length: writers }, () => ({}) as unknown as PostgresConnection),
    onApplied: ({ position }) => {
      trim(stores, parseInt(position));
    },
  });
  const follow: Stage = async () => {
    if (self.position !== undefined) return undefined;
    if (self.underWay > 0) wrong.push('the position is read while a page is under way');
    if (self.epoch === 0) {
      const unlock = await lock(postgres);
      self.epoch = ++postgres.epoch;
      unlock();
    }
    const { position } = postgres;
    await step('reads the position');
    self.position = position;
    return undefined;
  };
  const followStream: Stage = async () => {
    const page = tail.take(`${self.position ?? 0}-0`);
    if (page === undefined) return undefined;
    await relay.run(page).finally(() => {
      if (self.underWay > 0) wrong.push('the relay has ended, and a page is under way');
    });
    return 'more';
  };
  const pass: Stage = async () => ((await passes.step()) ? 'more' : undefined);
  const end: Stage = () => {
    if (isOver() && self.position === redis.lastId && !passes.active) stop.abort();
    return undefined;
  };
  const turns = new code.Turns<object>({
    stages: { always: [follow, followStream, pass], atRest: [end] },
    passes,
    incidents: new Incidents({
      ...{ pipeline: 'archive', log, tell: nothing },
      store: { is: 'Postgres', read: () => Promise.resolve([]), update: () => Promise.resolve([]) },
    }),
    pause: new PauseState('archive', log, nothing),
    applied: { total: 0 },
    recover: (thrown) => {
      throw thrown;
    },
  });
  void passes.request('start');
  const cycles$ = code.pump({
    ...{ cycle: () => turns.cycle(), wake$, signal: stop.signal, backoff: { baseMs: 0, capMs: 0 } },
    ...{ onFailure: nothing, onRecovery: nothing },
  });
  const stopped = lastValueFrom(cycles$.pipe(ignoreElements()), { defaultValue: undefined }).then(() => {
    if (self.underWay > 0) wrong.push('it has stopped, and a page is under way');
    tail.reset();
  });
  return {
    stopped,
    stop: () => stop.abort(),
    kill: () => {
      self.dead = true;
    },
    wake: () => wake$.next(),
    askForPass: (kind) => {
      const asked = redis.r[kind];
      const scope = new Set([kind]);
      passes.restart('something was missed', scope);
      void passes.request('something was missed', scope).then(() => {
        if (postgres.r[kind] < asked) wrong.push(`I1: a pass is reported that has not seen ${kind} ${asked}`);
      });
    },
  };
}
