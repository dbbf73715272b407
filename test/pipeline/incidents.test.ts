import fc from 'fast-check';
import {
  type Incident,
  mergeIncidents,
  parseIncidents,
  sameMs,
  storeOf,
} from '../../src/pipeline/incidents/incident';
import { Outages, outageOf, type SeenOutage } from '../../src/pipeline/incidents/outages';

const down = { code: 'E_PG_UNREACHABLE', message: 'no connection' };
const redisDown = { code: 'E_REDIS_UNREACHABLE', message: 'no connection' };

/** Cycles at given moments, in milliseconds; what was told. */
function watch() {
  const changes: string[] = [];
  const seen = new Map<string, SeenOutage>();
  let count = 0;
  const outages = new Outages({
    nextId: () => String(++count),
    time: () => 1_000_000,
    onChange: (one, change) => {
      changes.push(`${change} ${one.outage.store ?? one.outage.code}`);
      seen.set(one.id, one);
    },
  });
  return { outages, changes, one: (id = '1') => seen.get(id) };
}

test('an outage begins with the last success, and ends with the first cycle after which all stays well', () => {
  const { outages, changes, one } = watch();
  for (let at = 10_000; at <= 70_000; at += 500) outages.failed(down, 9_000, at);
  for (let at = 70_500; at <= 72_000; at += 100) outages.succeeded(at);
  expect(changes).toEqual(['begun Postgres', 'ended Postgres']);
  const seen = one();
  expect(seen?.at).toBe(999_000);
  expect(seen && outageOf(seen).endedAt).toBe(999_000 + 61_500);
  expect(outages.failingSince).toBeNull();
});

test('a hiccup is none, three within ten minutes are one that came three times', () => {
  const { outages, changes, one } = watch();
  for (const at of [0, 100_000, 200_000]) {
    outages.failed(down, at, at);
    for (let after = 300; after <= 1_500; after += 100) outages.succeeded(at + after);
  }
  expect(changes).toEqual(['begun Postgres', 'ended Postgres']);
  expect(one()?.times).toBe(3);
});

test('a store that is away for 300 ms each second for an hour has one outage', () => {
  const { outages, changes, one } = watch();
  for (let at = 0; at < 3_600_000; at += 1_000) {
    outages.failed(down, at, at);
    outages.failed(down, at, at + 250);
    for (let after = 300; after < 1_000; after += 100) outages.succeeded(at + after);
  }
  for (let after = 0; after <= 2_000; after += 100) outages.succeeded(3_600_000 + after);
  expect(changes).toEqual(['begun Postgres', 'ended Postgres']);
  expect(one()?.times).toBe(1);
});

test('one that comes again after an hour is another; what is hidden by another failure is not said to last', () => {
  const { outages, changes } = watch();
  const fail = (report: typeof down, from: number, to: number) => {
    for (let at = from; at <= to; at += 500) outages.failed(report, from, at);
  };
  fail(down, 1, 5_001);
  fail(redisDown, 5_501, 20_001); // Redis is asked first
  expect(changes).toEqual(['begun Postgres', 'begun Redis', 'ended Postgres']);
  for (let at = 20_100; at <= 21_500; at += 100) outages.succeeded(at);
  fail(down, 3_600_000, 3_602_000);
  expect(changes.slice(3)).toEqual(['ended Redis', 'begun Postgres']);
  expect(outages.told).toHaveLength(1);
});

test('a daemon that begins in the middle of an outage tells when the last change before it was applied', () => {
  const { outages, one } = watch();
  outages.failed(redisDown, 0, 5_000);
  outages.failed(redisDown, 0, 7_000);
  outages.succeeded(8_000);
  outages.found(123);
  outages.found(456);
  expect(one()?.lastAppliedAt).toBe(123);
  const other = watch();
  other.outages.failed(redisDown, 4_000, 5_000);
  other.outages.found(123);
  other.outages.failed(redisDown, 4_000, 7_000);
  expect(other.one()?.lastAppliedAt).toBeNull();
});

test.each([
  ['E_PG_UNREACHABLE', 'Postgres'],
  ['E_PG', 'Postgres'],
  ['E_REDIS_FULL', 'Redis'],
  ['E_REPLY', 'Redis'],
  ['E_REPLY_TOO_LARGE', 'Redis'],
  ['E_DB_MISSING', 'SQLite'],
  ['SQLITE_CORRUPT', 'SQLite'],
  ['E_LOCAL_RESOURCES', null],
  ['E_TWO_SOURCES', null],
])('%s is a failure of %s', (code, store) => {
  expect(storeOf(code)).toBe(store);
});

const now = 2_000_000_000_000;
/** An id is of one daemon, which gave it one beginning; what it says of the end changes. Some lie minutes apart, some days. */
const incident = fc
  .record({
    number: fc.integer({ min: 0, max: 60 }),
    lasted: fc.integer({ min: 0, max: 2 * sameMs }),
    open: fc.boolean(),
    code: fc.constantFrom('E_PG', 'E_PG_BUSY', 'E_TWO_SOURCES', undefined),
  })
  .map(({ number, lasted, open, code }): Incident => {
    const at = now - (number < 30 ? number * 1.1 * sameMs : (number - 29) * 1.5 * 86_400_000);
    const seenAt = Math.min(now, at + lasted);
    return {
      ...{ id: `${code ?? ''}${number}`, at, what: '', by: '' },
      outage:
        code === undefined
          ? null
          : {
              ...{ store: storeOf(code), code, endedAt: open ? null : seenAt, seenAt },
              ...{ times: 1, lastAppliedAt: null },
            },
    };
  });
const lists = fc.array(incident, { maxLength: 150 });

/** What matters: when there was an outage, of what. */
const spans = (list: readonly Incident[]) =>
  list.map(({ at, outage }) => [at, outage && (outage.store ?? outage.code), outage?.endedAt ?? null]);

test('bringing lists together again, or in another order, changes nothing, and what comes of it is bounded', () => {
  fc.assert(
    fc.property(lists, lists, (a, b) => {
      const merged = mergeIncidents([a, b], now);
      expect(merged.length).toBeLessThanOrEqual(100);
      expect(mergeIncidents([merged], now)).toEqual(merged);
      expect(mergeIncidents([merged, merged], now)).toEqual(merged);
      expect(spans(mergeIncidents([b, a], now))).toEqual(spans(merged));
      for (const { outage } of merged) {
        if (outage !== null && outage.endedAt === null)
          expect(now - outage.seenAt).toBeLessThanOrEqual(150_000);
      }
    }),
  );
});

const outage = {
  ...{ store: 'Redis' as const, code: 'E_REDIS', endedAt: null, seenAt: now },
  ...{ times: 1, lastAppliedAt: null },
};
const whole: Incident = { id: 'a', at: now, what: 'it', by: 'me', outage };

test.each<[string, unknown]>([
  ['a time that is none', [{ ...whole, at: 1e300 }]],
  ['an end that is none', [{ ...whole, outage: { ...outage, endedAt: -1 } }]],
  ['a number past what Postgres counts', [{ ...whole, outage: { ...outage, times: 1e12 } }]],
  ['half of a number', [{ ...whole, outage: { ...outage, times: 1.5 } }]],
  ['no text', [{ ...whole, what: null }]],
  ['no list', { ...whole }],
])('what somebody else has put into a store is no list of incidents: %s', (_what, list) => {
  expect(parseIncidents(JSON.stringify([whole]))).toEqual([whole]);
  expect(parseIncidents(JSON.stringify(list))).toEqual([]);
});

test('a text that is too long for a screen is cut', () => {
  const [one] = parseIncidents(JSON.stringify([{ ...whole, what: 'x'.repeat(1_000_000) }]));
  expect(one?.what).toHaveLength(1_000);
});

test('an outage that was seen in the future, before the clock was put back, does not go on until then', () => {
  const seenAt = now + 86_400_000;
  const [one] = mergeIncidents([[{ ...whole, outage: { ...outage, seenAt } }]], now);
  expect(one?.outage?.endedAt).toBe(seenAt);
});
