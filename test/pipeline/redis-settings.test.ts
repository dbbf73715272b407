import { bothPipelines, valuesOf } from '../metrics/support/daemon';
import { eventually } from '../support/eventually';
import { untilNotReady, untilReady } from './support/readiness';

const both = bothPipelines();
const archive = { MILLRACE_ONLY: 'archive' };

beforeEach(async () => {
  await both.redis.client.config('SET', 'notify-keyspace-events', '');
});

/** The same Redis, as a user who may do everything but this. */
async function asUser(...without: readonly string[]): Promise<{ REDIS_URL: string }> {
  await both.redis.client.call(
    'ACL',
    'SETUSER',
    'limited',
    'reset',
    'on',
    '>pw',
    '~*',
    '&*',
    '+@all',
    ...without,
  );
  const url = new URL(both.redis.url);
  Object.assign(url, { username: 'limited', password: 'pw' });
  return { REDIS_URL: url.href };
}

test('an eviction policy that can eat the stream shows when it is set while the daemon runs', async () => {
  const { client } = both.redis;
  const daemon = await both.start(archive);
  try {
    await client.config('SET', 'maxmemory', '1gb');
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await untilNotReady(
      daemon,
      [/^archive: Redis may evict the stream .*set maxmemory-policy to noeviction/],
      5_000,
    );
    expect(await valuesOf(daemon, 'millrace_redis_may_evict')).toEqual({ archive: 1 });
    await client.config('SET', 'maxmemory-policy', 'volatile-lru'); // the stream has no time to live
    await untilReady(daemon);
  } finally {
    await client.config('SET', 'maxmemory', '0');
    await client.config('SET', 'maxmemory-policy', 'noeviction');
  }
});

test('a mirror that is refused shows within ten seconds, and is in order when somebody switches the events on', async () => {
  const daemon = await both.start({ ...archive, ...(await asUser('-config|set')) });
  await untilNotReady(
    daemon,
    [/^archive: the mirror is refused: .*found by the full pass every 3600 s: .*notify-keyspace-events/],
    10_000,
  );
  expect(await valuesOf(daemon, 'millrace_mirror_listening')).toEqual({ archive: 0 });
  const [passes] = Object.values(await valuesOf(daemon, 'millrace_passes_total'));
  await both.redis.client.config('SET', 'notify-keyspace-events', 'Kg$shz');
  await untilReady(daemon);
  // What was written until then is looked for.
  await eventually(async () =>
    expect((await valuesOf(daemon, 'millrace_passes_total'))['archive']).toBeGreaterThan(passes ?? Infinity),
  );
});

test('a mirror that cannot ask for the setting is in order as soon as it hears something', async () => {
  await both.redis.client.config('SET', 'notify-keyspace-events', 'Kg$shz'); // as a managed server has it
  const daemon = await both.start({ ...archive, ...(await asUser('-config')) });
  await eventually(async () => expect((await daemon.status()).archive.mirror.state).toBe('refused'));
  await both.redis.client.hset('aidb:dataset:1', { name: 'heard', created_at: '2026-01-05T14:30:00' });
  await eventually(async () => expect((await daemon.status()).archive.mirror.state).toBe('listening'));
});

test('a mirror that is down shows within seconds with the grant it lacks, and comes back by itself', async () => {
  const { client } = both.redis;
  const daemon = await both.start({ ...archive, ...(await asUser()) });
  await client.call('ACL', 'SETUSER', 'limited', '-psubscribe');
  await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await untilNotReady(
    daemon,
    [/^archive: the mirror is down: .*Grant the ACL user .* with psubscribe/],
    8_000,
  );
  await client.call('ACL', 'SETUSER', 'limited', '+psubscribe');
  await untilReady(daemon);
});
