import { Subject } from 'rxjs';
import type { DaemonStatus } from '../../src/control/daemon-status';
import type { PipelineEvent } from '../../src/pipeline/event';
import { History } from '../../src/http/history';

/** A history whose clock and daemon are the test's. */
function historyOf() {
  const events$ = new Subject<PipelineEvent>();
  const moment = { at: 0, applied: 0, lagSeconds: 0 };
  const status = () => ({ aliases: { ...moment }, archive: null }) as unknown as DaemonStatus;
  const history = new History({ status, events$, now: () => moment.at });
  const after = (ms: number, applied: number) => {
    moment.at += ms;
    moment.applied += applied;
    return history.take();
  };
  return { history, events$, moment, after };
}

const applied = (ms: number): PipelineEvent => ({
  ...{ type: 'applied', pipeline: 'aliases', at: 0, ms },
  ...{ added: 1, updated: 0, deleted: 0, parked: 0 },
});

test('a sample has the rate since the one before, and the longest any change had to wait', () => {
  const { events$, after, moment } = historyOf();
  expect(after(0, 10).aliases).toEqual({ lag: 0, rate: null });
  for (const ms of [4, 250, 7]) events$.next(applied(ms));
  expect(after(5_000, 100).aliases).toEqual({ lag: 0.25, rate: 20 });
  moment.lagSeconds = 3;
  const sample = after(5_000, 0);
  expect(sample.aliases).toEqual({ lag: 3, rate: 0 });
  expect(sample.archive).toEqual({ lag: null, rate: null });
});

test('an hour is kept, however long the daemon runs', () => {
  const { history, after } = historyOf();
  for (let taken = 0; taken < 2_000; taken++) after(5_000, 1);
  expect(history.samples).toHaveLength(720);
  expect(history.samples[0]?.at).toBe((2_000 - 719) * 5_000);
});

test('over a sleep of the machine there is no rate', () => {
  const { after } = historyOf();
  after(0, 0);
  expect(after(3_600_000, 500).aliases.rate).toBeNull();
  expect(after(5_000, 50).aliases.rate).toBe(10);
});
