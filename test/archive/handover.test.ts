import { passDue, type LaneHandover } from '../../src/archive/handover';
import { joined, reportWithin, type ArchivePassReport } from '../../src/archive/pass/report';
import type { RecordMapping } from '../../src/mapping/own-records';
import { alone, fields, cart, user } from './support/own-records';

const report = (changes: Partial<ArchivePassReport> = {}): ArchivePassReport => ({
  ...{ startedAt: 1, ms: 2, reason: 'start', deleted: 0, keys: 3, differences: { user: 1, cart: 2 } },
  statistics: { users: 1, errors: 0 } as unknown as ArchivePassReport['statistics'],
  ...changes,
});

const left = (mappings: readonly RecordMapping[], owed: readonly string[] = []): LaneHandover => ({
  ...{ catalogue: alone(...mappings), epoch: '7', passRequestedAt: null, owed: new Set(owed) },
  last: { report: report(), doneAt: 0 },
});

const due = (before: LaneHandover, now: readonly RecordMapping[], epoch?: string) => {
  const scope = passDue(before, alone(...now), epoch);
  return scope === 'all' ? scope : [...scope];
};

const note: RecordMapping = {
  ...{ ...user, name: 'note', table: 'notes' },
  key: { ...user.key, prefix: 'note:' },
  columns: fields({ text: 'text' }),
};

test('a pass is due of records that are others, or new, or refer to such a one, and of what the lane before knew of alone', () => {
  const aged = { ...user, columns: fields({ email: 'text!' }) };
  expect(due(left([user, cart, note]), [user, cart, note], '8')).toEqual([]);
  expect(due(left([user, cart, note]), [note], '8')).toEqual([]);
  expect(due(left([user, cart]), [user, cart, note], '8')).toEqual(['note']);
  expect(due(left([user, cart, note]), [aged, cart, note], '8')).toEqual(['user', 'cart']);
  expect(due(left([user, cart, note], ['note', 'gone']), [user, cart, note], '8')).toEqual(['note']);
});

test('of all, where another one has owned the stream in between, or nobody knows', () => {
  expect(due(left([user]), [user], '9')).toBe('all');
  expect(due(left([user]), [user])).toBe('all');
});

test('what is known of all kinds once a pass of some is complete, and of kinds that are no more', () => {
  const last = report({ skipped: { user: 1, note: 4 }, unmatched: ['user', 'cart'] });
  const some = report({ of: ['user'], differences: { user: 5 }, unmatched: [], skipped: { user: 2 } });
  const all = joined(last, some);
  expect(all).toMatchObject({ reason: 'start', keys: 6, differences: { user: 6, cart: 2 } });
  expect(all.statistics).toEqual({ users: 2, errors: 0 });
  expect([all.skipped, all.unmatched, all.of]).toEqual([{ user: 2, note: 4 }, ['cart'], undefined]);
  const within = reportWithin(all, alone(user));
  expect([within.differences, within.skipped, within.unmatched]).toEqual([{ user: 6 }, { user: 2 }, []]);
});
