import { aliasTroubles } from '../../src/aliases/status';
import { archiveTroubles } from '../../src/archive/status';
import { CheckpointAge } from '../../src/pipeline/checkpoint-age';
import { bothPipelines, valuesOf } from '../metrics/support/daemon';
import { eventually } from '../support/eventually';
import { deafProxy } from './support/deaf-proxy';
import { readiness, untilNotReady, untilReady } from './support/readiness';
import { aiRegistry } from '../../src/mapping/ai-registry';

const both = bothPipelines();

test('cycles that succeed and apply nothing while changes wait are a checkpoint that stands still', async () => {
  const { redis, postgres, start } = both;
  const proxy = await deafProxy(Number(new URL(redis.url).port));
  const url = new URL(redis.url);
  url.port = String(proxy.port);
  const daemon = await start({ MILLRACE_ONLY: 'archive', REDIS_URL: url.href });
  await redis.client.hset('aidb:model:1', { name: 'one', created_at: '2026-01-05T14:30:00' });
  await eventually(async () => (await postgres.query('SELECT FROM models')).length === 1);
  // The stream can be asked about, but never read. The read that is under way gets an entry still, but what may come with that one is never told.
  proxy.deafTo = '\nxread\r';
  await redis.client.hset('aidb:model:2', { name: 'two', created_at: '2026-01-05T14:30:00' });
  await eventually(async () => {
    expect((await daemon.status()).archive).toMatchObject({ failure: null, lagRecords: 1 });
    expect(await readiness(daemon)).toEqual([]); // nobody knows yet
  });
  await untilNotReady(daemon, [/^archive: changes wait, but the checkpoint has not moved for 1\d s/], 25_000);
  expect((await valuesOf(daemon, 'millrace_checkpoint_age_seconds'))['archive']).toBeGreaterThan(15);
  proxy.deafTo = undefined;
  await untilReady(daemon);
  expect(await postgres.query('SELECT FROM models')).toHaveLength(2);
  expect(await valuesOf(daemon, 'millrace_checkpoint_age_seconds')).toEqual({ archive: 0 });
}, 60_000);

test('the age of a checkpoint counts from its last move, but never more than the oldest change has waited', () => {
  const age = new CheckpointAge();
  const at = (second: number, position: string, lagSeconds: number | null, paused = false) =>
    age.seconds({ position, lagSeconds, paused, now: second * 1_000 });
  expect(at(100, '1', 0)).toBe(0);
  expect(at(4_000, '1', 0.5)).toBe(0.5); // idle for an hour, and a fresh change
  expect(at(4_010, '1', 10.5)).toBe(10.5);
  expect(at(4_020, '2', 20.5)).toBe(0); // a backlog that is being worked off
  expect(at(4_030, '2', 30)).toBe(10);
  expect(at(4_040, '2', null)).toBeNull();
  expect(at(5_000, '2', 900, true)).toBe(0);
  expect(at(5_020, '2', 920)).toBe(20);
});

test('a full pass that is overdue is a reason in either pipeline, with what to do', async () => {
  const daemon = await both.start();
  const { aliases, archive } = await daemon.status();
  for (const hours of [2.9, 3.1]) {
    const now = Date.now() + hours * 3_600_000;
    const told = [
      ...aliasTroubles({ ...aliases, lastProgressAt: now }, 3_600, now),
      ...archiveTroubles(
        { ...archive, lastProgressAt: now },
        { catalogue: aiRegistry, intervalSeconds: 3_600 },
        now,
      ),
    ];
    const overdue = /^(aliases|archive): the last full pass began \d+ s ago, and one is due every 3600 s/;
    expect(told).toEqual(hours < 3 ? [] : [expect.stringMatching(overdue), expect.stringMatching(overdue)]);
  }
});

test('a pause shows at once in status and metrics, and in /readyz when it is left on for a day', async () => {
  const { redis, postgres, start } = both;
  const daemon = await start();
  for (const pipeline of ['aliases', 'archive'] as const) await daemon.control.pause(pipeline, 'ada@desk');
  await eventually(
    async () => expect(await valuesOf(daemon, 'millrace_paused')).toEqual({ aliases: 1, archive: 1 }),
    { within: 3_000 },
  );
  expect(await readiness(daemon)).toEqual([]);

  const day = 86_400_000;
  await redis.client.set('millrace:aliases:pause', JSON.stringify({ at: Date.now() - day, by: 'ada@desk' }));
  await postgres.query(`UPDATE millrace.checkpoint SET paused_at = paused_at - interval '1 day'`);
  await untilNotReady(
    daemon,
    [
      /^aliases: paused for 24 h by ada@desk: millrace resume --only aliases$/,
      /^archive: paused for 24 h by ada@desk: millrace resume --only archive$/,
    ],
    3_000,
  );
  for (const pipeline of ['aliases', 'archive'] as const) await daemon.control.resume(pipeline);
  await untilReady(daemon);
  expect(await valuesOf(daemon, 'millrace_paused')).toEqual({ aliases: 0, archive: 0 });
});

test.each([4, -4])(
  'a clock that steps by %i hours is no reason, and what is looked at each second still is',
  async (hours) => {
    const daemon = await both.start();
    await untilReady(daemon);
    const real = Date.now.bind(Date);
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => real() + hours * 3_600_000);
    try {
      await untilReady(daemon);
      await both.redis.client.flushall();
      await eventually(
        async () =>
          expect((await daemon.status()).archive.incidents.map(({ what }) => what)).toContainEqual(
            expect.stringMatching(/went backwards/),
          ),
        { within: 5_000 },
      );
      await untilReady(daemon);
    } finally {
      clock.mockRestore();
    }
  },
);
