import { identityTypeOf, typeOf } from '../../../src/scaffold/redis/field-types';

test.each([
  ['int', ['1', '-2', '0', '900000000000000000']],
  ['float', ['1', '2.5', '1e10']],
  ['bool', ['true', 'false', 'True']],
  ['uuid', ['0f8fad5b-d9cb-469f-a165-70867728950e']],
  ['time', ['2026-01-05T14:30:00Z', '2026-01-05 14:30:00.123', '2026-01-05T14:30:00+02:00']],
  ['json', ['{"a":1}', '[1, 2]']],
  ['text', ['hello']],
  ['text', []],
  ['text', ['', '']],
  ['text', ['0049123', '12']], // a number that begins with a zero is a name
  ['text', ['{broken']],
  ['int', ['9223372036854775807', '-9223372036854775808']],
  ['float', ['9223372036854775808']], // more than a bigint
  ['text', ['2026-02-30T10:00:00']], // there is no such day
  ['bytes', ['x', 'a\0']],
  ['bytes', ['\ufffd']],
  ['text', ['2026-01-05']], // a day is no moment
  ['text', ['1', 'x']],
  ['text', ['1e999']], // no number that a float could hold
  ['int', ['1', '', '2']],
])('%s: %j', (type, values) => {
  expect(typeOf(values)).toBe(type);
});

test.each([
  ['int', ['1', '-2']],
  ['text', ['1', '']],
  ['text', ['1.5']],
  ['uuid', ['0f8fad5b-d9cb-469f-a165-70867728950e']],
  ['text', ['0F8FAD5B-d9cb-469f-a165-70867728950e']], // of a uuid one spelling alone is taken
  ['bytes', ['\ufffd', '1']],
  ['text', []],
])('what tells records apart is %s: %j', (type, values) => {
  expect(identityTypeOf(values)).toBe(type);
});
