import { Echoes } from '../../../src/archive/stream/echoes';
import { beforeAll as fromTheStart } from '../../../src/archive/stream/entry-id';
import { lastEntryId, StreamTail } from '../../../src/archive/tail/stream-tail';
import { loadConfig } from '../../../src/config/load';
import { RedisConnection } from '../../../src/connections/redis';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { eventually } from '../../support/eventually';
import { testRedis } from '../../support/stores';

/** A tail of a Redis of its own. */
async function started() {
  const { client, url } = await testRedis();
  await client.flushall();
  const connection = new RedisConnection(loadConfig({ REDIS_URL: url }).redis, 'test');
  await connection.connect();
  const told: string[] = [];
  const full: string[] = [];
  const tail: StreamTail = new StreamTail({
    connection,
    catalogue: aiRegistry,
    echoes: new Echoes(() => lastEntryId(connection)),
    onRead: ({ position }) => full.push(position),
    onReady: () => told.push('ready'),
  });
  const close = () => {
    tail.reset();
    connection.close();
  };
  const add = (...ids: readonly number[]) =>
    Promise.all(ids.map((id) => client.xadd('millrace:changes', `${id}-1`, 'model', String(id))));
  return { client, tail, told, full, add, close };
}
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, at) => first + at);

test('what waits makes one page, though the first replies are short; what comes behind it, another', async () => {
  const { tail, add, close } = await started();
  try {
    await add(...upTo(2_000));
    expect(tail.take(fromTheStart)).toBeUndefined();
    await tail.arrival(fromTheStart);
    expect(tail.take(fromTheStart)).toMatchObject({ position: '2000-1', entries: 2_000 });
    await add(2_001);
    await tail.arrival('2000-1');
    expect(tail.take('2000-1')).toMatchObject({ position: '2001-1', entries: 1 });
  } finally {
    close();
  }
});

test('a full page grows no more, and is told before anybody takes it', async () => {
  const { tail, full, add, close } = await started();
  try {
    await add(...upTo(12_000));
    expect(tail.take(fromTheStart)).toBeUndefined();
    await eventually(() => expect(full).toHaveLength(1));
    const [first = ''] = full;
    const { entries = 0 } = tail.take(fromTheStart) ?? {};
    expect(entries).toBeGreaterThanOrEqual(2_500);
    expect(entries).toBeLessThanOrEqual(7_500);
    expect(first).toBe(`${entries}-1`);
  } finally {
    close();
  }
});

test('a small page that nobody has taken takes in what comes after it, and is told once', async () => {
  const { tail, told, full, add, close } = await started();
  try {
    expect(tail.take(fromTheStart)).toBeUndefined();
    await add(1);
    await tail.arrival(fromTheStart);
    await add(2, 3);
    await eventually(() => expect(tail.peek(fromTheStart)).toMatchObject({ position: '3-1', entries: 3 }));
    expect(tail.take(fromTheStart)).toMatchObject({ position: '3-1', entries: 3, since: 1 });
    expect([told, full]).toEqual([['ready'], []]);
    // What was being read when it was taken comes again, once.
    await add(4, 5);
    await eventually(() => expect(tail.peek('3-1')?.position).toBe('5-1'));
    expect(tail.take('3-1')).toMatchObject({ entries: 2, since: 4 });
  } finally {
    close();
  }
});

test('what is forgotten while it is read is not told: it may be of another Redis', async () => {
  const { tail, add, close } = await started();
  try {
    expect(tail.take('11-1')).toBeUndefined();
    tail.reset();
    await add(12);
    expect(tail.take('11-1')).toBeUndefined();
    await eventually(() => expect(tail.peek('11-1')).toMatchObject({ entries: 1 }));
  } finally {
    close();
  }
});
