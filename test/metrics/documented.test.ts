import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { bothPipelines, failOnce, scrape, scrapeText, valuesOf } from './support/daemon';
import { type Family, labelsOf, parseExposition } from './support/exposition';
import { promtool } from './support/promtool';

interface Documented {
  readonly type: string;
  readonly labels: readonly string[];
  readonly unit: string;
}

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'metrics.md'), 'utf8');
const documented = new Map<string, Documented>(
  [...page.matchAll(/^\| `(\w+)` +\| (\w+) +\| (.*?) +\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, name = '', type = '', labels = '', unit = '']) => [
      name,
      { type, labels: [...labels.matchAll(/\w+/g)].map(([label]) => label).sort(), unit },
    ],
  ),
);

const both = bothPipelines();
const secret = 'moonbase-7';
let text: string;
let families: ReadonlyMap<string, Family>;

beforeAll(async () => {
  const daemon = await both.start();
  both.db.exec(`INSERT INTO team_aliases VALUES (1, '${secret}')`);
  await both.redis.client.hset('aidb:model:1', { name: secret, created_at: '2026-01-05T14:30:00' });
  await both.redis.client.hset(`aidb:model:2`, { name: `${secret} without a birth` });
  await eventually(async () => {
    expect(await valuesOf(daemon, 'millrace_dead_letters')).toEqual({ archive: 1 });
    expect(await valuesOf(daemon, 'millrace_lag_seconds')).toEqual({ aliases: 0, archive: 0 });
  });
  await failOnce(both, daemon);
  text = await scrapeText(daemon);
  families = parseExposition(text);
}, 30_000);

test('docs/metrics.md lists what /metrics exposes, and nothing else, with its type', () => {
  const exposed = [...families.values()].map(({ name, type }) => `${name} ${type}`);
  expect([...documented].map(([name, { type }]) => `${name} ${type}`).sort()).toEqual(exposed.sort());
});

test('every metric has the labels that docs/metrics.md gives it', () => {
  const silent: string[] = [];
  for (const family of families.values()) {
    if (family.samples.length === 0) silent.push(family.name);
    else expect([family.name, labelsOf(family)]).toEqual([family.name, documented.get(family.name)?.labels]);
  }
  // Redis does not grow here, nobody collected garbage, nothing is in flight.
  const mayBe = [
    'millrace_redis_memory_full_in_seconds',
    'nodejs_gc_duration_seconds',
    'nodejs_active_requests',
  ];
  expect(silent.filter((name) => !mayBe.includes(name))).toEqual([]);
});

test('names follow the conventions: base units at the end, _total on counters and on nothing else, a help text', () => {
  for (const { name, type, help } of families.values()) {
    expect([name, help.length > 0]).toEqual([name, true]);
    expect(name).toMatch(/^(millrace|process|nodejs)(_[a-z0-9]+)+$/);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(name).not.toMatch(
      /_(ms|millis\w*|minutes|hours|days|kb|mb|kilobytes|megabytes|percent|count|sum|bucket)(_|$)/,
    );
    const unit = documented.get(name)?.unit ?? '';
    if (unit.startsWith('seconds')) expect(name).toMatch(/_seconds(_total)?$/);
    if (unit === 'bytes') expect(name).toMatch(/_bytes$/);
  }
});

test('neither keys nor contents of records are anywhere in it', () => {
  expect(text).not.toContain('moonbase');
});

test('records are counted by kind and operation, whatever brought them', async () => {
  const { db, redis } = both;
  const daemon = await both.start({ ON_DELETE: 'delete' });
  db.exec(`INSERT INTO team_aliases VALUES (1, 'another')`);
  await redis.client.hset('aidb:model:3', { name: 'third', created_at: '2026-01-05T14:30:00' });
  await eventually(async () =>
    expect(await valuesOf(daemon, 'millrace_records_applied_total')).toMatchObject({
      'aliases team add': 1,
      'archive model add': 1,
    }),
  );
  const before = await valuesOf(daemon, 'millrace_records_applied_total');
  db.exec(`
    BEGIN;
    INSERT INTO player_aliases VALUES (1, 'p1'), (2, 'p2');
    UPDATE team_aliases SET team_id = 2 WHERE alias = 'another';
    INSERT INTO market_aliases VALUES (1, 'm1');
    COMMIT`);
  await redis.client.hset('aidb:model:3', { description: 'changed' });
  await eventually(async () =>
    expect(await valuesOf(daemon, 'millrace_records_applied_total')).toEqual({
      ...before,
      'aliases player add': 2,
      'aliases market add': 1,
      'aliases team update': 1,
      'archive model update': (before['archive model update'] ?? 0) + 1,
    }),
  );
  db.exec('DELETE FROM player_aliases');
  await redis.client.del('aidb:model:3');
  await eventually(async () =>
    expect(await valuesOf(daemon, 'millrace_records_applied_total')).toMatchObject({
      'aliases player delete': 2,
      'archive model delete': 1,
    }),
  );
  const applied = (await scrape(daemon)).get('millrace_apply_duration_seconds')?.samples ?? [];
  for (const pipeline of ['aliases', 'archive']) {
    const of = (name: string) =>
      applied.find((one) => one.labels['pipeline'] === pipeline && one.name.endsWith(name))?.value;
    expect(of('_count')).toBeGreaterThan(1);
    expect(of('_sum')).toBeLessThan(30);
  }
});

test('a standby leaves to the owner what is the owner’s to tell', async () => {
  await both.start({ MILLRACE_ONLY: 'archive' });
  const standby = await startDaemon(
    { REDIS_URL: both.redis.url, POSTGRES_URL: both.postgres.url, SYNC_INTERVAL: '3600' },
    { awaitPass: false },
  );
  await eventually(async () => {
    expect((await standby.status()).archive.role).toBe('standby');
    expect(await valuesOf(standby, 'millrace_stream_entries')).toEqual({
      archive: expect.any(Number) as number,
    });
  });
  expect(await valuesOf(standby, 'millrace_owner')).toEqual({ archive: 0 });
  for (const name of [
    'lag_seconds',
    'lag_records',
    'checkpoint_age_seconds',
    'dead_letters',
    'mirror_listening',
  ])
    expect([name, await valuesOf(standby, `millrace_${name}`)]).toEqual([name, {}]);
});

test('promtool finds nothing to say against it', () => {
  const found = promtool(['check', 'metrics'], text);
  if (found !== undefined) expect(found).toBe('exit code 0');
});
