import { firstValueFrom, lastValueFrom, Subject, toArray } from 'rxjs';
import { fatal } from '../../src/foundation/errors';
import { backoffMs } from '../../src/pipeline/backoff';
import { FaultLog } from '../../src/pipeline/incidents/fault-log';
import { type CycleOutcome, pump, type PumpOptions } from '../../src/pipeline/pump';

function build(cycle: () => Promise<CycleOutcome>, more: Partial<PumpOptions> = {}) {
  const stop = new AbortController();
  const wake$ = new Subject<void>();
  const failures: number[] = [];
  let recoveries = 0;
  const cycles$ = pump({
    cycle,
    wake$,
    backoff: { baseMs: 0, capMs: 0 },
    settledMs: 0,
    signal: stop.signal,
    onFailure: (_error, attempt) => failures.push(attempt),
    onRecovery: () => recoveries++,
    ...more,
  });
  return { stop, wake$, failures, recoveries: () => recoveries, cycles$ };
}

test('a cycle that leaves work is followed by the next at once; an idle one waits to be woken', async () => {
  const outcomes: CycleOutcome[] = ['more', 'more', 'idle', 'idle'];
  let cycles = 0;
  const { cycles$, wake$, stop } = build(() => {
    const outcome = outcomes[cycles++] ?? 'idle';
    if (cycles === 3) setImmediate(() => wake$.next());
    if (cycles === 4) stop.abort();
    return Promise.resolve(outcome);
  });
  await lastValueFrom(cycles$);
  expect(cycles).toBe(4);
});

test('a wake-up during a cycle is not lost', async () => {
  let cycles = 0;
  const { cycles$, wake$, stop } = build(() => {
    cycles++;
    if (cycles === 1) wake$.next();
    else stop.abort();
    return Promise.resolve('idle');
  });
  await lastValueFrom(cycles$);
  expect(cycles).toBe(2);
});

test('failures are retried with their count, the recovery is told once, and counting starts over', async () => {
  let cycles = 0;
  const { cycles$, failures, recoveries, stop } = build(() => {
    cycles++;
    if (cycles === 1 || cycles === 2 || cycles === 4) return Promise.reject(new Error('away'));
    if (cycles === 5) stop.abort();
    return Promise.resolve('more');
  });
  await lastValueFrom(cycles$);
  expect(failures).toEqual([1, 2, 1]);
  expect(recoveries()).toBe(2);
});

test.each([
  ['sends what fails in the next one', ['more', 'fails']],
  ['finds nothing until the page comes that fails', ['idle', 'fails']],
  ['does some of it', ['more', 'idle', 'more', 'fails']],
] as const)(
  'a fault is not over when a cycle is good that %s: its failures are counted on',
  async (_name, round) => {
    let cycles = 0;
    const { cycles$, wake$, failures, recoveries, stop } = build(
      () => {
        const outcome = round[cycles++ % round.length] ?? 'idle';
        if (failures.length === 10) stop.abort();
        if (outcome === 'fails') return Promise.reject(new Error('full'));
        if (outcome === 'idle') setImmediate(() => wake$.next());
        return Promise.resolve(outcome);
      },
      { settledMs: 1_000 },
    );
    await lastValueFrom(cycles$);
    expect(failures.slice(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(recoveries()).toBe(0);
  },
);

test('a fault that lasts is told when it begins and once a minute; another one beside it is told for itself', () => {
  const faults = new FaultLog();
  const told: string[] = [];
  for (let at = 0; at < 180_000; at += 10) {
    const silent = faults.tell('E_FULL', at);
    if (silent !== undefined) told.push(`${at} ${silent}`);
  }
  expect(told).toEqual(['0 0', '60000 5999', '120000 5999']);
  expect([faults.tell('E_AWAY', 130_000), faults.tell('E_AWAY', 130_001)]).toEqual([5999, undefined]);
});

test('a fatal error ends it and reaches the subscriber', async () => {
  const { cycles$, failures } = build(() => Promise.reject(fatal('wrong', { code: 'E_TEST' })));
  await expect(lastValueFrom(cycles$)).rejects.toMatchObject({ code: 'E_TEST' });
  expect(failures).toEqual([]);
});

test('a stop lets the cycle in flight finish, and none begins after it', async () => {
  let finish: () => void = () => undefined;
  let finished = false;
  const { cycles$, stop } = build(async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    finished = true;
    return 'more';
  });
  const all = firstValueFrom(cycles$.pipe(toArray()));
  stop.abort();
  expect(finished).toBe(false);
  finish();
  await all;
  expect(finished).toBe(true);
});

test('a stop interrupts the wait between retries', async () => {
  const { cycles$, stop } = build(() => Promise.reject(new Error('away')), {
    backoff: { baseMs: 1e8, capMs: 1e8 },
    onFailure: () => {
      setImmediate(() => {
        stop.abort();
      });
    },
  });
  await lastValueFrom(cycles$, { defaultValue: undefined });
});

test('backoff grows by powers of two up to its cap, with full jitter', () => {
  const options = { baseMs: 50, capMs: 1_000 };
  expect([1, 2, 3, 10, 1_000].map((attempt) => backoffMs(attempt, options, 1))).toEqual([
    50, 100, 200, 1_000, 1_000,
  ]);
  expect(backoffMs(5, options, 0)).toBe(0);
});
