import fc from 'fast-check';
import { ignoreElements, lastValueFrom, Subject } from 'rxjs';
import { pump } from '../../src/pipeline/pump';

/** Timers have their turn between two steps: the waits of retries are real. */
const act = async (step: () => Promise<void>) => {
  await step();
  await new Promise(setImmediate);
};

/** Every await in an order that a seed chooses. */
test('in whatever order things happen: one cycle at a time, no wake-up lost, no cycle after a stop', async () => {
  const happened = { failures: 0, idle: 0, wokenMeanwhile: 0, stopped: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler({ act }),
      fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.boolean()),
      fc.option(fc.nat(20), { freq: 3 }),
      async (schedule, works, fails, stopAfter) => {
        const wake$ = new Subject<void>();
        const stop = new AbortController();
        const left = new Set(works.keys());
        const waiting: number[] = [];
        const wrong: string[] = []; // told at the end: what is thrown in a cycle is retried
        let running = 0;
        let failures = 0;
        const later = (label: string) => schedule.schedule(Promise.resolve(), label);
        const cycle = async () => {
          if (stop.signal.aborted) wrong.push('a cycle after the stop');
          if (++running > 1) wrong.push('two cycles at once');
          try {
            await later('look');
            const found = waiting.slice(0, 2);
            await later('apply');
            if (failures < 5 && fails.next().value) throw new Error(`away ${++failures}`);
            if (found.length === 0) happened.idle++;
            for (const one of found) {
              waiting.splice(waiting.indexOf(one), 1);
              left.delete(one);
            }
            if (left.size === 0) stop.abort();
            return found.length > 0 ? ('more' as const) : ('idle' as const);
          } finally {
            running--;
          }
        };
        for (const [work, steps] of works.entries()) {
          void (async () => {
            for (let step = 0; step <= steps; step++) await later('write');
            waiting.push(work);
            if (running > 0) happened.wokenMeanwhile++;
            wake$.next();
          })();
        }
        const stopEarly = async () => {
          for (let step = 0; step < (stopAfter ?? 0); step++) await later('stop');
          if (left.size > 0) happened.stopped++;
          stop.abort();
        };
        if (stopAfter !== null) void stopEarly();
        const cycles$ = pump({
          ...{ cycle, wake$, signal: stop.signal },
          backoff: { baseMs: 0, capMs: 0 },
          onFailure: () => undefined,
          onRecovery: () => undefined,
        });
        await schedule.waitFor(lastValueFrom(cycles$.pipe(ignoreElements()), { defaultValue: undefined }));
        if (stopAfter === null) expect([...left]).toEqual([]);
        expect(wrong).toEqual([]);
        happened.failures += failures;
      },
    ),
    { numRuns: 200 },
  );
  // Otherwise nothing would have been tried.
  for (const times of Object.values(happened)) expect(times).toBeGreaterThan(10);
}, 60_000);
