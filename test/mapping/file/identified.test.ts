import { readBuiltInFile } from '../../../src/mapping/file/mapping-file';

/** What is wrong with a record of a shipped file, beside which there is one that others may refer to. */
function problems(words: string): readonly string[] {
  const read = readBuiltInFile(
    `version: 1
records:
  shelf: { key: 'x:shelf:{id:int}', table: shelves, identity: [id, made], hash: { name: text!, made: time! } }
  r: { ${words} }
`,
    'x.yaml',
  );
  return 'problems' in read ? read.problems.map(({ message }) => message) : [];
}

const numbered = `key: 'x:r:{id:int}', table: t`;
const under = `key: 'x:r:{shelf_id:int}', table: t, parents: { shelf_id: { record: shelf, id: '{shelf_id}' } }, identity: parents`;
const member = `each: member, columns: { a: { field: a, type: int } }`;

test.each([
  `${numbered}, hash: { name: text!, at: time! }, identity: [id, at], names: x:names, unique: name, statistic: false`,
  `${numbered}, hash: { at: time! }, identity: [id, at], parents: { shelf_id: shelf! }, append_only: true, by_value: true`,
  `${numbered}, hash: { at: time! }, identity: [id, at], index: { key: 'x:i:{shelf_id}', by: newest }, parents: { shelf_id: shelf }`,
  `${under}, hash: { note: text }, except: '*:all'`,
  `${under}, each: field, columns: { name: $field, value: $value }`,
  `${under.replace('{shelf_id:int}', '{shelf_id:int}:{a}')}, ${member}, score: [a], absent: { a: 0 }`,
])('a shipped file may say %j', (words) => {
  expect(problems(words)).toEqual([]);
});

test.each([
  ['identity: [id], hash: { at: time! }', 'records.r.identity: names two: a part of the key, and'],
  ['identity: [no, at], hash: { at: time! }', 'records.r.identity: the key has to end with {no:int}'],
  ['identity: [id, at], hash: { at: time }', 'records.r.identity: needs at: time! in hash'],
  [
    'identity: [id, at], json: { at: time! }',
    'records.r.identity: is for hash, each: field and each: member',
  ],
  ['identity: key, hash: { at: time! }', 'records.r.identity: must be parents'],
  [
    'identity: parents, hash: { at: time! }',
    'records.r.identity: needs parents that the first parts of its key name',
  ],
  ['hash: { at: time! }, score: [at]', 'records.r.score: is for records with an identity'],
  ...[
    ['none: 0', 'records.r.identity: has none at its columns'],
    ['on_delete: mark', 'records.r.identity: goes by ON_DELETE'],
    ['unique: [a, b]', 'records.r.identity: has one list of columns that are unique together'],
    ['score: [a]', 'records.r.score: is for each: member'],
    ['absent: { a: x }', 'records.r.absent: is for parts of the key'],
    ['lasts: { status: a, until: no }', 'records.r.lasts: names two of the fields: a, b, at'],
    ['names: x:names', 'records.r.names: is for records with an id whose first column is a text'],
    ['by_value: true', 'records.r.by_value: needs append_only: true'],
    ['append_only: true, by_value: true', 'records.r.by_value: needs one parent'],
    ['index: { key: "x:{a}", by: id }', 'records.r.index.key: {a} is no parent: it has none'],
    ['index: { key: x, by: id, member: m }', 'records.r.index: has a member: that is for by: set'],
    ['statistic: true', 'records.r.statistic: must be a text'],
  ].map(([more = '', why = '']) => [
    `identity: [id, at], hash: { a: text, b: int, at: time! }, ${more}`,
    why,
  ]),
])('numbered, %s: %s', (words, why) => {
  expect(problems(`${numbered}, ${words}`)).toContainEqual(expect.stringContaining(why));
});

test.each([
  [member, 'records.r.identity: needs score with each: member'],
  ['each: field, columns: { name: $field }', 'has two columns with each: field'],
  ['hash: { id: text }', "records.r.identity: the column id is Millrace's own"],
])('under parents, %s: %s', (words, why) => {
  expect(problems(`${under}, ${words}`)).toContainEqual(expect.stringContaining(why));
});

test('what a key has behind the parents is a field of its members', () => {
  const key = under.replace('{shelf_id:int}', '{shelf_id:int}:{b}');
  expect(problems(`${key}, ${member}, score: [a]`)).toEqual([
    'records.r.identity: {b} is no column of the members',
  ]);
  expect(problems(`${key}, hash: { b: text }`)).toEqual([
    'records.r.identity: its key has {b} behind the parents, which is for each: member',
  ]);
});
