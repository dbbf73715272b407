import { Echoes } from '../../../src/archive/stream/echoes';
import { beforeAll as fromTheStart } from '../../../src/archive/stream/entry-id';
import { lastEntryId, StreamTail } from '../../../src/archive/tail/stream-tail';
import { loadConfig } from '../../../src/config/load';
import { RedisConnection } from '../../../src/connections/redis';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { eventually } from '../../support/eventually';
import { testRedis } from '../../support/stores';

test('a page is told when it has come, though nobody takes it yet; the one behind it when it was taken', async () => {
  const { client, url } = await testRedis();
  const connection = new RedisConnection(loadConfig({ REDIS_URL: url }).redis, 'test');
  const read: string[] = [];
  const tail = new StreamTail({
    connection,
    catalogue: aiRegistry,
    echoes: new Echoes(() => lastEntryId(connection)),
    onRead: ({ position }) => read.push(position),
    onReady: () => undefined,
  });
  try {
    // The first page is of ten entries.
    for (let id = 1; id <= 11; id++) await client.xadd('millrace:changes', `${id}-1`, 'model', String(id));
    expect(tail.take(fromTheStart)).toBeUndefined();
    await eventually(() => expect(read).toEqual(['10-1']));
    expect(tail.take(fromTheStart)).toMatchObject({ position: '10-1', entries: 10 });
    await eventually(() => expect(read).toEqual(['10-1', '11-1']));
    // Forgotten while it is read: it may be of another Redis.
    expect(tail.take('11-1')).toBeUndefined();
    tail.reset();
    await client.xadd('millrace:changes', '12-1', 'model', '12');
    expect(tail.take('11-1')).toBeUndefined();
    await eventually(() => expect(tail.peek('11-1')).toBeDefined());
    expect(read).toEqual(['10-1', '11-1', '12-1']);
  } finally {
    tail.reset();
    connection.close();
  }
});
