import { WriteBehind } from '../../../src/archive/apply/write-behind';

/** A write that ends when it is told to. */
function write(log: string[], name: string) {
  let end: (error?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => {
      if (error === undefined) resolve();
      else reject(error);
    };
  });
  const begin = async () => {
    log.push(`${name} begins`);
    await ended;
    log.push(`${name} is through`);
  };
  return { begin, end };
}

test('the next write begins when the one before is through, and not before', async () => {
  const log: string[] = [];
  const writes = new WriteBehind();
  const [first, second] = [write(log, 'first'), write(log, 'second')];
  await writes.start(first.begin);
  expect(writes.isBusy).toBe(true);
  const started = writes.start(second.begin);
  log.push('meanwhile');
  first.end();
  await started;
  second.end();
  await writes.done();
  expect(log).toEqual([
    'first begins',
    'meanwhile',
    'first is through',
    'second begins',
    'second is through',
  ]);
  expect(writes.isBusy).toBe(false);
});

test('an error is thrown by whatever comes next, and nothing is written after it', async () => {
  const log: string[] = [];
  const writes = new WriteBehind();
  const [first, second] = [write(log, 'first'), write(log, 'second')];
  await writes.start(first.begin);
  first.end(new Error('refused'));
  await writes.settled();
  await expect(writes.start(second.begin)).rejects.toThrow('refused');
  await expect(writes.done()).rejects.toThrow('refused');
  expect(log).toEqual(['first begins']);
});
