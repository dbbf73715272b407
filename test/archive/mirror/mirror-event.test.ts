import fc from 'fast-check';
import { keyOffset, keyspacePattern } from '../../../src/connections/keyspace-pattern';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { Effects } from '../../../src/archive/mirror/mirror-event';
import { recordOf as recordIn } from '../../../src/archive/record/key';
import type { Nomination } from '../../../src/archive/record/nomination';
import { entriesOf, entryFields, idsIn } from '../../../src/archive/stream/nominate';

const effects = new Effects(aiRegistry);
const effect = (event: string, key = 'aidb:model:1') => effects.of(key, event);
const recordOf = (key: string) => recordIn(aiRegistry, `aidb:${key}`);

test('writes of every command are changes, also of commands nobody has thought of yet', () => {
  for (const event of [
    ...[
      'hset',
      'hincrby',
      'hincrbyfloat',
      'hdel',
      'zadd',
      'zincr',
      'zrem',
      'zremrangebyscore',
      'sadd',
      'srem',
    ],
    ...['set', 'setrange', 'append', 'rename_to', 'restore', 'copy_to', 'move_to', 'hnovelty'],
  ]) {
    expect([event, effect(event)]).toEqual([event, 'changed']);
  }
});

test('what the application took away was deleted; what went otherwise was not', () => {
  expect(effect('del')).toBe('deleted');
  for (const event of ['expired', 'evicted', 'rename_from', 'move_from']) {
    expect([event, effect(event)]).toEqual([event, 'lapsed']);
    expect([event, effect(event, 'aidb:prediction:1')]).toEqual([event, 'nothing']);
  }
  for (const event of ['hexpired', 'hexpire', 'expire', 'persist', 'keymiss', 'new']) {
    expect([event, effect(event)]).toEqual([event, 'nothing']);
  }
  for (const event of ['hexpired', 'hexpire']) expect(effect(event, 'aidb:hyperparam:1')).toBe('lapsed');
  expect([effect('hdel', 'aidb:hyperparam:1'), effect('hdel')]).toEqual(['deleted', 'changed']);
});

test('a key names a record by its kind and all that follows', () => {
  expect(recordOf('model:17')).toEqual({ kind: 'model', id: '17' });
  expect(recordOf('metric:3:loss:by:class:val')).toEqual({ kind: 'metric', id: '3:loss:by:class:val' });
  expect(recordOf('exprun:1:2')).toEqual({ kind: 'exprun', id: '1:2' });
  expect(recordOf('model:yesterday')).toEqual({ kind: 'model', id: 'yesterday' }); // parked, not ignored
});

test.each([
  ...['model:name_to_id', 'exprun:7:runs', 'counter:model', 'idx:models', 'idx:predictions:3'],
  ...['model', 'models:1', 'Model:1', 'runner:1', '', ':', 'toString:1', '__proto__:1'],
])('%j is no record', (key) => {
  expect(recordOf(key)).toBeUndefined();
});

test('the pattern takes keys of every kind and leaves counters and index entries in Redis', () => {
  const initials = /\[(\w+)\]/.exec(keyspacePattern(3, aiRegistry))?.[1] ?? '';
  for (const kind of aiRegistry.keys()) expect(initials).toContain(kind.charAt(0));
  expect(initials).not.toMatch(/[ci]/);
  expect('__keyspace@12__:aidb:run:1'.slice(keyOffset(12))).toBe('aidb:run:1');
});

test('entries hold at most 100 records and 64 KiB, and lose, repeat or reorder nothing', () => {
  const id = fc.oneof(
    fc.string({ unit: 'binary-ascii' }),
    fc.nat().map(String),
    fc.integer({ min: 1, max: 70_000 }).map((n) => 'x'.repeat(n)),
  );
  const nomination: fc.Arbitrary<Nomination> = fc.record({
    kind: fc.constantFrom(...aiRegistry.keys()),
    id,
    what: fc.constantFrom('changed', 'deleted', 'lapsed'),
  });
  fc.assert(
    fc.property(fc.array(nomination, { maxLength: 300, size: 'max' }), (nominations) => {
      const entries = entriesOf(nominations);
      expect(entries.flat()).toEqual(nominations);
      for (const entry of entries) {
        expect(entry.length).toBeLessThanOrEqual(100);
        const size = entryFields(entry).reduce((sum, field) => sum + Buffer.byteLength(field), 0);
        expect(entry.length === 1 || size <= 64 * 1024).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test('bytes that are no UTF-8 survive', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_unused, byte) => byte));
  const [field, value] = entryFields([{ kind: 'model', id: bytes.toString('latin1'), what: 'deleted' }]);
  expect(field).toBe('model-');
  expect(value).toEqual(bytes);
});

test('decimal ids of a kind share a field; all others, and deletions, have their own', () => {
  const nominations = ['1', '18446744073709551616', '007', '', '-1', '1 2', '1e3', '٣', '1\n'].map((id) => ({
    kind: 'run' as const,
    id: Buffer.from(id).toString('latin1'),
    what: 'changed' as const,
  }));
  const fields = entryFields([
    ...nominations,
    { kind: 'run', id: '5', what: 'deleted' },
    { kind: 'run', id: '6', what: 'lapsed' },
    { kind: 'model', id: '9', what: 'changed' },
  ]);
  expect(fields.map(String)).toEqual([
    ...[
      'run',
      '',
      'run',
      '-1',
      'run',
      '1 2',
      'run',
      '1e3',
      'run',
      '٣',
      'run',
      '1\n',
      'run-',
      '5',
      'run.',
      '6',
    ],
    ...['run*', '1 18446744073709551616 007', 'model*', '9'],
  ]);
});

test('a list of ids is read as it was written', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({ min: 0n, max: 10n ** 20n }), { minLength: 1, maxLength: 100 }),
      (ids) => {
        const [field, value] = entryFields(
          ids.map((id) => ({ kind: 'run', id: String(id), what: 'changed' })),
        );
        expect(field).toBe('run*');
        expect(idsIn(Buffer.from(value ?? ''))).toEqual(ids.map(String));
      },
    ),
  );
});

test.each(['', ' ', '1 ', ' 1', '1  2', '1,2', '1\n2', '1 x 2', '-1', '٣', '1\t2'])(
  '%j is no list of ids',
  (value) => {
    expect(() => idsIn(Buffer.from(value))).toThrow('is no decimal id');
  },
);
