import fc from 'fast-check';
import { compareEntryIds, nextEntryId, parseEntryId } from '../../src/archive/entry-id';

const largest = 2n ** 64n - 1n;
const part = fc.bigInt({ min: 0n, max: largest });

test('ids are compared as numbers: neither as text nor in floating point', () => {
  expect(compareEntryIds('999-0', '1000-0')).toBeLessThan(0);
  expect(compareEntryIds('5-10', '5-9')).toBeGreaterThan(0);
  expect(compareEntryIds('9007199254740993-0', '9007199254740992-0')).toBeGreaterThan(0);
  expect(compareEntryIds('7', '7-0')).toBe(0);
  expect(compareEntryIds('18446744073709551615-1', '18446744073709551615-1')).toBe(0);
});

test('the next id is above, and nothing lies between', () => {
  fc.assert(
    fc.property(part, part, (ms, seq) => {
      fc.pre(ms < largest);
      const next = nextEntryId(`${ms}-${seq}`);
      expect(compareEntryIds(next, `${ms}-${seq}`)).toBeGreaterThan(0);
      expect(next).toBe(seq === largest ? `${ms + 1n}-0` : `${ms}-${seq + 1n}`);
    }),
  );
  expect(() => nextEntryId(`${largest}-${largest}`)).toThrow('no stream entry id is larger');
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
