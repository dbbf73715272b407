import { aiRegistry } from '../../src/mapping/ai-registry';
import { catalogueOf } from '../../src/mapping/kinds';
import { partsOf } from '../../src/mapping/own-key';
import type { RecordMapping } from '../../src/mapping/own-records';
import { recordKinds } from '../../src/mapping/record-kinds';
import { keyspacePatterns } from '../../src/connections/keyspace-pattern';
import { daemonGrants } from '../../src/connections/redis-grants';
import { recordOf } from '../../src/archive/record/key';
import { parseTraced } from '../../src/terminal/trace-key';

const mapping: RecordMapping = {
  ...{ name: 'score', table: 'scores', key: { prefix: 'scores', parts: [] }, holds: 'member' },
  columns: [
    { column: 'player', field: '$member', type: 'text', required: false },
    { column: 'points', field: '$score', type: 'float', required: false },
  ],
  ...{ parents: [], unique: [], none: undefined, onDelete: 'keep', onConflict: undefined },
  ...{ appendOnly: false, retentionDays: undefined },
};
const later: RecordMapping = {
  ...mapping,
  ...{ name: 'later', table: 'later', holds: 'hash' },
  key: { prefix: 'scores:', parts: [{ column: 'id', type: 'text', rest: false, after: '' }] },
};
const catalogue = catalogueOf(recordKinds([mapping, later]));

describe('a key without parts', () => {
  test('is the one that is the literal, and nothing that begins so', () => {
    expect(partsOf({ parts: [] }, '')).toEqual([]);
    expect(partsOf({ parts: [] }, 'x')).toBeUndefined();
    expect(recordOf(catalogue, 'scores')).toEqual({ kind: 'score', id: '' });
    expect(recordOf(catalogue, 'scores2')).toBeUndefined();
    expect(recordOf(catalogue, 'scores:2')).toEqual({ kind: 'later', id: '2' });
  });

  test('takes no key of the registry, whose keys begin so', () => {
    const key = { prefix: 'aidb', parts: [] };
    expect(catalogueOf([...aiRegistry.values(), ...recordKinds([{ ...mapping, key }])]).has('score')).toBe(
      true,
    );
  });

  test('is all that is listened to, and all that is granted', () => {
    expect(keyspacePatterns(0, catalogue)).toEqual(['__keyspace@0__:scores', '__keyspace@0__:scores:*']);
    const grants = daemonGrants(catalogueOf(recordKinds([mapping]))).split(' ');
    expect(grants).toContain('%R~scores');
    expect(grants).toContain('&__keyspace@0__:scores');
  });

  test('can be traced, and hides no other key', () => {
    const keys = { aliasTables: [], catalogue };
    expect(parseTraced('scores', keys)).toEqual({ of: 'record', kind: 'score', id: Buffer.alloc(0) });
    expect(() => parseTraced('scores2', keys)).toThrow('scores2 is no key of ours');
  });
});

test('what tells items apart is a column of the identity, and none of the others', () => {
  const kind = catalogue.get('score');
  expect(kind?.own?.item).toEqual({ each: 'member', column: 'player', type: 'text' });
  expect(kind?.columns.map(({ column }) => column)).toEqual(['points']);
});

test('a mapping without parts and items is none', () => {
  expect(() => recordKinds([{ ...mapping, holds: 'hash' }])).toThrow('the key of score has no part');
});
