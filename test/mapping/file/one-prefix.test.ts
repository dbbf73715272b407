import fc from 'fast-check';
import { areApart, partsOf } from '../../../src/mapping/own-key';
import { mappingFile, problemsOf } from './support';

const record = (name: string, key: string) =>
  `  ${name}: { key: '${key}', table: ${name}, string: { v: text } }\n`;
const fileWith = (...keys: readonly string[]) =>
  `version: 1\nrecords:\n${keys.map((key, at) => record(`r${at}`, key)).join('')}`;

test.each([
  ['another number of colons', ['user:{id:int}', 'user:{id:int}:emails', 'user:{id:int}:cart:{item}']],
  ['another word in one place', ['user:{id}:emails', 'user:{id}:roles']],
  ['another word behind another', ['t:{t}:user:{u}', 't:{t}:order:{o}', 't:{t}:order:{o}:lines']],
])('records may begin alike where no key can be of two: %s', (_what, keys) => {
  expect(mappingFile(fileWith(...keys)).records).toHaveLength(keys.length);
});

test.each([
  ['user:{id}', 'user:{name}'],
  ['user:{id:int}', 'user:{slug}'],
  ['user:{id}:{field}', 'user:{id}:emails'],
  ['user:{path*}', 'user:{id}:emails'],
  ['user:{id}-{n}', 'user:{id}'],
  ['user:{id}', 'user:admin:{id}'],
])('where a key could be of two, or one beginning is longer, they may not: %s, %s', (...keys) => {
  expect(problemsOf(fileWith(...keys))).toEqual([expect.stringContaining('its keys begin with "user:')]);
});

test('a document has all keys that begin as its own do, whatever their form', () => {
  const document = "documents:\n  d: { from: teams, key: 'user:{id}', json: [id] }\n";
  expect(problemsOf(`${fileWith('user:{id}:emails')}${document}`)).toHaveLength(1);
});

const literal = fc.constantFrom(':', ':a', ':a:', '-', ':b', ':b:', 'a', '::', '-a');
const template = fc
  .tuple(
    fc.array(literal, { minLength: 0, maxLength: 2 }),
    fc.constantFrom('', ':a', ':b', '-', ':a:b'),
    fc.boolean(),
  )
  .map(([between, end, rest]) =>
    [...between, end].map((after, at) => ({
      ...{ column: `c${at}`, type: 'text' as const, after },
      rest: rest && at === between.length,
    })),
  );

test('no key is of two forms that are apart', () => {
  fc.assert(
    fc.property(
      template,
      template,
      fc.array(fc.constantFrom('a', 'b', ':', '-', 'x'), { maxLength: 9 }),
      (one, other, name) => {
        const key = name.join('');
        const isOfBoth =
          partsOf({ parts: one }, key) !== undefined && partsOf({ parts: other }, key) !== undefined;
        fc.pre(isOfBoth);
        expect(areApart(one, other)).toBe(false);
      },
    ),
    { numRuns: 300, maxSkipsPerRun: 1_000 },
  );
});
