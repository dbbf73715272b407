import { type Pass, PassRunner, type PassRunnerOptions, type Scope } from '../../src/pipeline/pass-runner';

/** Passes of so many chunks, whose reports are the reasons they began for; what the chunks do is up to each test. */
function build({ chunks = 2, ...more }: Partial<PassRunnerOptions<string>> & { chunks?: number } = {}) {
  const begun: string[] = [];
  const done: string[] = [];
  const wanted: number[] = [];
  const during: (() => void)[] = [];
  const begin = (reason: string, scope: Scope): Pass<string> => {
    begun.push(scope === 'all' ? reason : `${reason}: ${[...scope].join(', ')}`);
    let left = chunks;
    return {
      get progress() {
        return `${left} left`;
      },
      step: async () => {
        await Promise.resolve();
        during.shift()?.();
        return --left > 0 ? 'more' : reason;
      },
    };
  };
  const runner = new PassRunner<string>({
    begin,
    onDone: (report) => done.push(report),
    onWanted: () => wanted.push(begun.length),
    ...more,
  });
  const through = async () => {
    let steps = 0;
    while (await runner.step()) steps++;
    return steps;
  };
  return { runner, begin, begun, done, wanted, during, through };
}

test('a pass takes a chunk a step, and whoever asked for it hears of its end', async () => {
  const { runner, done, through } = build();
  expect([await runner.step(), runner.active, runner.last]).toEqual([false, false, undefined]);
  const first = runner.request('start');
  const second = runner.request('interval');
  expect([runner.active, runner.progress]).toEqual([true, undefined]);
  await runner.step();
  const third = runner.request('asked for'); // one under way will do
  expect(runner.progress).toBe('1 left');
  expect(await through()).toBe(1);
  expect(await Promise.all([first, second, third])).toEqual(['start', 'start', 'start']);
  expect([done, runner.active, runner.last?.report]).toEqual([['start'], false, 'start']);
});

test('one that is restarted in the middle of its last chunk comes to nothing, and its successor answers for it', async () => {
  const { runner, begun, done, during, wanted, through } = build();
  const asked = runner.request('start');
  during.push(
    () => undefined,
    () => {
      runner.restart('Redis was flushed');
    },
  );
  await through();
  expect([begun, done]).toEqual([['start', 'Redis was flushed'], ['Redis was flushed']]);
  expect(await asked).toBe('Redis was flushed');
  expect(wanted).toEqual([0, 1]);
});

test('a chunk that fails is taken up again, a pass that cannot begin is still wanted, and one that may not waits', async () => {
  const { runner, begun, during, through } = build();
  during.push(() => {
    throw new Error('away');
  });
  void runner.request('start');
  await expect(runner.step()).rejects.toThrow('away');
  expect(await through()).toBe(2);
  expect(begun).toEqual(['start']);

  let locked = true;
  let open = false;
  const other = build({
    mayBegin: () => Promise.resolve(open),
    begin: (reason, scope) => {
      if (locked) throw new Error('locked');
      return other.begin(reason, scope);
    },
  });
  void other.runner.request('start');
  expect(await other.runner.step()).toBe(false);
  open = true;
  await expect(other.runner.step()).rejects.toThrow('locked');
  locked = false;
  await other.through();
  expect(other.done).toEqual(['start']);
});

test('a pass of some mappings is of these alone, and of all that were asked for before it began or while it ran', async () => {
  const { runner, begun, during, through } = build({ join: (last, report) => `${last}, ${report}` });
  runner.restart('changed', new Set(['card']));
  runner.restart('doubt', new Set(['team']));
  await through();
  expect([begun, runner.last]).toEqual([['doubt: card, team'], undefined]); // none of all yet

  await Promise.all([runner.request('start'), through()]);
  const { doneAt } = runner.last ?? {};
  const one = runner.request('changed', new Set(['card', 'team']));
  during.push(() => {
    void runner.request('again', new Set(['team'])); // one under way will do
    runner.restart('doubt', new Set(['player']));
  });
  await through();
  expect(await one).toBe('doubt');
  expect(begun.slice(1)).toEqual(['start', 'changed: card, team', 'doubt: card, team, player']);
  expect(runner.last).toEqual({ report: 'start, doubt', doneAt });
  expect(runner.scope).toBeUndefined();
});

test('a pass of some mappings does not answer for one of all', async () => {
  const { runner, begun, during, through } = build();
  void runner.request('changed', new Set(['card']));
  let asked: Promise<string> | undefined;
  during.push(() => {
    expect(runner.scope).toEqual(new Set(['card']));
    asked = runner.request('asked for');
    expect(runner.scope).toBe('all');
  });
  await through();
  expect(begun).toEqual(['changed: card', 'asked for']);
  expect(await asked).toBe('asked for');
});
