import { checkpointKey } from '../../../src/aliases/sink/checkpoint';
import { rewriteCheckpoint } from '../../../src/aliases/sink/rewrite-checkpoint';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { testRedis, type TestRedis } from '../../support/stores';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});

/** A checkpoint that a daemon moves between each read of it and what comes of that, so many times. */
async function rewrittenBesideApplies(applies: number): Promise<unknown> {
  const { host, port } = redis.server;
  const connection = new RedisConnection(redisTarget({ host, port, db: 0 }), 'test');
  await connection.connect();
  const first = { incarnation: 'i', position: null, stamp: 's', at: 0, by: 'daemon' };
  await redis.client.set(checkpointKey, JSON.stringify(first));
  let applied = 0;
  try {
    await rewriteCheckpoint(connection, (found) => {
      // On the same connection, and so before what comes of this read.
      if (applied < applies)
        void connection.client.set(checkpointKey, JSON.stringify({ ...first, stamp: `s${++applied}` }));
      return { ...found, by: 'apply' };
    });
    return JSON.parse((await redis.client.get(checkpointKey)) ?? '');
  } finally {
    connection.close();
  }
}

test('the checkpoint is rewritten beside a daemon that applies one change after the other', async () => {
  expect(await rewrittenBesideApplies(100)).toMatchObject({ by: 'apply' });
});

test('where there is no end of that it is said, with what to do, and nothing is rewritten', async () => {
  await expect(rewrittenBesideApplies(Infinity)).rejects.toMatchObject({
    message: 'changes are applied without a pause',
    hint: expect.stringContaining('millrace pause --only cache') as string,
  });
  expect(await redis.client.get(checkpointKey)).toContain('"by":"daemon"');
});
