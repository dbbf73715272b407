import fc from 'fast-check';
import { ignoreElements, lastValueFrom, Subject } from 'rxjs';
import { type Behind, Relay } from '../../../src/archive/apply/relay';
import type { Echoes } from '../../../src/archive/stream/echoes';
import type { Entry, Page } from '../../../src/archive/tail/stream';
import { StreamTail } from '../../../src/archive/tail/stream-tail';
import type { PostgresConnection } from '../../../src/connections/postgres/postgres';
import type { RedisConnection } from '../../../src/connections/redis';
import type { Log } from '../../../src/log/log';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { Incidents } from '../../../src/pipeline/incidents/incidents';
import { PassRunner } from '../../../src/pipeline/pass-runner';
import { PauseState } from '../../../src/pipeline/pause';
import { pump } from '../../../src/pipeline/pump';
import { type Stage, Turns } from '../../../src/pipeline/turns';

/** The real pump, turns, relay and reading of the stream over stores that are arrays; every await in an order that a seed chooses. */
type Failure = 'copy' | 'commit' | 'reply' | undefined;

/** Timers have their turn between two steps: the waits of retries are real. */
const act = async (step: () => Promise<void>) => {
  await step();
  await new Promise(setImmediate);
};
const beforeAll = '0-0';
const idOf = (at: number) => `${at + 1}-0`;
const nothing = () => undefined;
const log = { info: nothing, warn: nothing, failure: nothing, debug: nothing } as unknown as Log;

/** A stream of entries that come by and by, read in pages of a few. */
function fakeStream(schedule: fc.Scheduler, sizes: Iterator<number>, total: number) {
  let length = 0;
  const grow = async () => {
    for (let at = 0; at < total; at++) {
      await schedule.schedule(Promise.resolve(), 'somebody writes');
      length++;
    }
  };
  const xreadBuffer = async (...args: readonly unknown[]) => {
    await schedule.schedule(Promise.resolve(), 'XREAD');
    const from = parseInt(String(args.at(-1)));
    const count = Math.min(length - from, Number(sizes.next().value));
    if (count <= 0) return null;
    const entries = Array.from({ length: count }, (_unused, index): Entry => {
      return [Buffer.from(idOf(from + index)), [Buffer.from('model'), Buffer.from('1')]];
    });
    return [[Buffer.from('stream'), entries]];
  };
  const connection = { client: { xreadBuffer }, maxRecordBytes: 1e6, translate: (error: unknown) => error };
  const connect = () => schedule.schedule(Promise.resolve(), 'connect');
  return { connection: { ...connection, connect } as unknown as RedisConnection, grow };
}

/** A store that has a row for each entry up to its position, and writes as ArchiveSink does: rows, then whoever was before, then the fence. */
function fakeSink(schedule: fc.Scheduler, failures: Iterator<Failure>) {
  const rows: string[] = [];
  const store = { position: beforeAll, rows };
  const memory: { position: string | undefined } = { position: undefined };
  /** Told at the end: what is thrown here is retried. */
  const wrong: string[] = [];
  const seen = { underWay: 0, most: 0, broken: false, failed: 0 };
  const step = (label: string) => schedule.schedule(Promise.resolve(), label);
  const transaction = async (page: Page, behind: Behind | undefined) => {
    const fails = seen.failed < 4 ? (failures.next().value as Failure) : undefined;
    await step('copies rows');
    if (fails === 'copy') throw new Error('away, copying');
    await behind?.previous;
    await step('fence');
    if (store.position !== memory.position) throw new Error('another position');
    await step('commits');
    if (fails === 'commit') throw new Error('away, committing');
    for (let at = parseInt(store.position); at < parseInt(page.position); at++) rows.push(idOf(at));
    store.position = page.position;
    // What one snapshot shows: the position, each time with its rows.
    const inOrder = rows.every((id, at) => id === idOf(at)) && rows.length === parseInt(store.position);
    if (!inOrder) wrong.push(`at ${store.position} there are ${rows.join()}`);
    await step('replies');
    if (fails === 'reply') throw new Error('away, having committed');
    memory.position = page.position;
  };
  const apply = async (page: Page, behind?: Behind) => {
    if (seen.broken) wrong.push(`${page.position} begins before all are through`);
    seen.most = Math.max(seen.most, ++seen.underWay);
    try {
      await transaction(page, behind);
    } catch (error) {
      memory.position = undefined;
      seen.broken = true;
      seen.failed++;
      throw error;
    } finally {
      if (--seen.underWay === 0) seen.broken = false;
    }
  };
  return { store, memory, seen, wrong, apply };
}

test('in whatever order things happen: the position moves in order, with its rows, as many pages are under way as there are connections, and after a failure all are through', async () => {
  let together = 0;
  let failed = 0;
  const failure = fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constantFrom<Failure>('copy', 'commit', 'reply') },
  );
  const property = fc.asyncProperty(
    fc.scheduler({ act }),
    fc.infiniteStream(fc.integer({ min: 1, max: 3 })),
    fc.infiniteStream(failure),
    fc.integer({ min: 1, max: 12 }),
    fc.constantFrom(1, 2, 3),
    async (schedule, sizes, failures, total, writers) => {
      const { connection, grow } = fakeStream(schedule, sizes, total);
      const { store, memory, seen, wrong, apply } = fakeSink(schedule, failures);
      const wake$ = new Subject<void>();
      const stop = new AbortController();
      const tail = new StreamTail({
        ...{ connection, catalogue: aiRegistry, onRead: nothing },
        echoes: { read: nothing } as unknown as Echoes,
        onReady: () => wake$.next(),
      });
      const applied: number[] = [];
      const relay = new Relay({
        ...{ tail, apply, isPlain: () => true, mayGoOn: () => true },
        connections: Array.from({ length: writers }, () => ({}) as unknown as PostgresConnection),
        onApplied: ({ position }) => applied.push(parseInt(position)),
      });
      const follow: Stage = async () => {
        if (memory.position !== undefined) return undefined;
        if (seen.underWay > 0) wrong.push('the position is read while a page is under way');
        await schedule.schedule(Promise.resolve(), 'reads the position');
        memory.position = store.position;
        return undefined;
      };
      const run: Stage = async () => {
        if (parseInt(store.position) === total) stop.abort();
        const page = tail.take(memory.position ?? beforeAll);
        if (page === undefined) return undefined;
        await relay.run(page).finally(() => {
          if (seen.underWay > 0) wrong.push('the relay has ended, and a page is under way');
        });
        return 'more';
      };
      const turns = new Turns<object>({
        stages: { always: [follow, run], atRest: [] },
        passes: new PassRunner({
          begin: () => ({ progress: '', step: () => Promise.resolve({}) }),
          onDone: nothing,
        }),
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
      void grow();
      const cycles$ = pump({
        ...{ cycle: () => turns.cycle(), wake$, signal: stop.signal, backoff: { baseMs: 0, capMs: 0 } },
        ...{ onFailure: nothing, onRecovery: nothing },
      });
      await schedule.waitFor(lastValueFrom(cycles$.pipe(ignoreElements()), { defaultValue: undefined }));
      tail.reset();
      expect(store.rows).toHaveLength(total);
      expect(applied).toEqual([...new Set(applied)].sort((a, b) => a - b));
      expect(wrong).toEqual([]);
      expect(seen.most).toBeLessThanOrEqual(writers);
      if (seen.most > 1 && seen.most === writers) together++;
      failed += seen.failed;
    },
  );
  await fc.assert(property, { numRuns: 200 });
  // Otherwise nothing would have been tried.
  expect(together).toBeGreaterThan(20);
  expect(failed).toBeGreaterThan(20);
}, 60_000);
