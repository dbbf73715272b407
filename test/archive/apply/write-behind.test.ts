import type { Behind } from '../../../src/archive/apply/relay';
import type { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { WriteBehind } from '../../../src/archive/apply/write-behind';

const [one, other] = [{}, {}] as unknown as [PostgresConnection, PostgresConnection];
const connections = [one, other] as const;

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
  const writes = new WriteBehind(connections);
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
  const writes = new WriteBehind(connections);
  const [first, second] = [write(log, 'first'), write(log, 'second')];
  await writes.start(first.begin);
  first.end(new Error('refused'));
  await writes.settled();
  await expect(writes.start(second.begin)).rejects.toThrow('refused');
  await expect(writes.done()).rejects.toThrow('refused');
  expect(log).toEqual(['first begins']);
});

test('the rows of a plain write come after those of the one before, while that one waits for its commit; a third one waits for it', async () => {
  const log: string[] = [];
  const writes = new WriteBehind(connections);
  const commits: ((error?: Error) => void)[] = [];
  const plain = (name: string) => async (behind: Behind) => {
    await behind.rows?.before;
    log.push(`${name} is written over ${behind.postgres === one ? 'one' : 'other'}`);
    behind.rows?.done();
    const commit = write(log, name);
    commits.push(commit.end);
    await commit.begin();
    await behind.previous;
    log.push(`${name} is committed`);
  };
  await writes.startBehind(plain('first'));
  await writes.startBehind(plain('second'));
  const third = writes.startBehind(plain('third'));
  await new Promise(setImmediate);
  expect(log.filter((line) => line.includes('written'))).toEqual([
    'first is written over one',
    'second is written over other',
  ]);
  expect(writes.isBusy).toBe(false);
  commits[1]?.();
  commits[0]?.();
  await third;
  await new Promise(setImmediate);
  expect(log).toContain('third is written over one');
  commits[2]?.();
  await writes.done();
  expect(log.filter((line) => line.includes('committed'))).toEqual([
    'first is committed',
    'second is committed',
    'third is committed',
  ]);
});
