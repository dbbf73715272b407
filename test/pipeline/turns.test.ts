import { fatal, retryable } from '../../src/foundation/errors';
import { Incidents } from '../../src/pipeline/incidents/incidents';
import { PassRunner } from '../../src/pipeline/pass-runner';
import { settledMs } from '../../src/pipeline/incidents/outages';
import { PauseState } from '../../src/pipeline/pause';
import { type Stage, Turns } from '../../src/pipeline/turns';
import { keepLog } from '../support/daemon';

type Outcome = Awaited<ReturnType<Stage>>;

function build(
  always: readonly (Outcome | Error)[],
  atRest: readonly Outcome[],
  recover = (thrown: unknown): 'idle' => {
    throw thrown;
  },
  first: () => void = () => undefined,
) {
  const ran: string[] = [];
  const stage = (name: string, outcome: Outcome | Error): Stage => {
    return async () => {
      ran.push(name);
      await Promise.resolve();
      if (outcome instanceof Error) throw outcome;
      return outcome;
    };
  };
  const log = keepLog();
  const tell = () => undefined;
  const store = { is: 'Redis' as const, read: () => Promise.resolve([]), update: () => Promise.resolve([]) };
  const turns = new Turns<object>({
    stages: {
      always: [
        () => {
          first();
          return undefined;
        },
        ...always.map((outcome, index) => stage(`${index}`, outcome)),
      ],
      atRest: atRest.map((outcome, index) => stage(`rest ${index}`, outcome)),
    },
    passes: new PassRunner({
      begin: () => ({ progress: '', step: () => Promise.resolve({}) }),
      onDone: tell,
    }),
    incidents: new Incidents({ pipeline: 'aliases', log, tell, store }),
    pause: new PauseState('aliases', log, tell),
    applied: { total: 3 },
    recover,
  });
  return { turns, ran };
}

test.each<[string, readonly Outcome[], readonly Outcome[], string, readonly string[]]>([
  ['nothing to do', [undefined, undefined], [undefined], 'idle', ['0', '1', 'rest 0']],
  [
    'something done: all stages have had their part of the turn',
    ['more', undefined],
    ['more'],
    'more',
    ['0', '1'],
  ],
  ['`again` ends it', [undefined, 'again', 'more'], ['more'], 'more', ['0', '1']],
  ['`idle` ends it, whatever was done', ['more', 'idle', 'more'], ['more'], 'idle', ['0', '1']],
  [
    'something done at rest',
    [undefined],
    [undefined, 'more', undefined],
    'more',
    ['0', 'rest 0', 'rest 1', 'rest 2'],
  ],
])('a turn: %s', async (_name, always, atRest, outcome, ran) => {
  const built = build(always, atRest);
  expect(await built.turns.cycle()).toBe(outcome);
  expect(built.ran).toEqual(ran);
  expect(built.turns.state).toMatchObject({ failure: undefined, applied: 3, passRunning: false });
  expect(built.turns.state.lastProgressAt).toBeGreaterThan(0);
});

test('a stage that fails ends the turn and is told; what recovery makes of it counts', async () => {
  const away = retryable('away', { code: 'E_REDIS_UNREACHABLE' });
  const failing = build([undefined, away, 'more'], []);
  await expect(failing.turns.cycle()).rejects.toBe(away);
  expect(failing.ran).toEqual(['0', '1']);
  expect(failing.turns.retrying).toMatchObject({ code: 'E_REDIS_UNREACHABLE' });
  expect(failing.turns.state).toMatchObject({
    lastProgressAt: 0,
    failingSince: expect.any(Number) as number,
  });

  const wrong = fatal('wrong', { code: 'E_CONFIG' });
  const ending = build([away], [], () => {
    throw wrong;
  });
  await expect(ending.turns.cycle()).rejects.toBe(wrong);
  expect(ending.turns.state.failure).toBeUndefined(); // the end of the run tells it

  const recovering = build([away], [], () => 'idle');
  expect(await recovering.turns.cycle()).toBe('idle');
  expect(recovering.turns.state).toMatchObject({ failure: undefined, lastProgressAt: 0 });
});

test('a failure is told until turns have succeeded for a while: one that finds nothing to do may come between two that fail', async () => {
  const outcomes: (Error | undefined)[] = [retryable('full', { code: 'E_PG_DISK' }), undefined];
  const { turns } = build([], [], undefined, () => {
    const outcome = outcomes.shift();
    if (outcome !== undefined) throw outcome;
  });
  await expect(turns.cycle()).rejects.toThrow('full');
  await turns.cycle();
  expect(turns.retrying).toBeUndefined();
  expect(turns.state.failure).toMatchObject({ code: 'E_PG_DISK' });

  const later = performance.now() + settledMs;
  const clock = jest.spyOn(performance, 'now').mockReturnValue(later);
  await turns.cycle();
  clock.mockRestore();
  expect(turns.state).toMatchObject({ failure: undefined, failingSince: null });
});
