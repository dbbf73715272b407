import { compareEntryIds, parseEntryId } from '../../../src/archive/stream/entry-id';

test('ids are compared as numbers: neither as text nor in floating point', () => {
  expect(compareEntryIds('999-0', '1000-0')).toBeLessThan(0);
  expect(compareEntryIds('5-10', '5-9')).toBeGreaterThan(0);
  expect(compareEntryIds('9007199254740993-0', '9007199254740992-0')).toBeGreaterThan(0);
  expect(compareEntryIds('7', '7-0')).toBe(0);
  expect(compareEntryIds('18446744073709551615-1', '18446744073709551615-1')).toBe(0);
});

test.each([
  '',
  '-',
  '5-',
  '-5',
  'a-0',
  '5-1-2',
  ' 5-1',
  '5-1\n',
  '0x5-1',
  '1e3-0',
  '18446744073709551616-0',
  '0-*',
])('what Redis would not take is no id: %j', (text) => {
  expect(() => parseEntryId(text)).toThrow('not a stream entry id');
});
