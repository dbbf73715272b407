import { mappingsOf } from '../../../src/config/mappings';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { writeDocuments } from '../../../src/mapping/file/write-documents';
import { isOwn } from '../../../src/mapping/kinds';
import { identityOfOwn } from '../../../src/mapping/own-key';
import { recordKinds } from '../../../src/mapping/record-kinds';
import { mappingFile, problemsOf } from './support';

const settings = { aliasTables: undefined, catalogue: aiRegistry };
const record = (words: string) => {
  const [first] = mappingFile(`version: 1\nrecords:\n  r: { ${words} }\n`).records;
  if (first === undefined) throw new Error('the file has no record');
  return first;
};
test('what becomes of rows that were there, of what changes later, and of what is old', () => {
  const said = 'on_conflict: skip, append_only: true, retention: 90d';
  expect(record(`key: "r:{id}", table: t, hash: { at: time }, ${said}`).mapping).toMatchObject({
    onConflict: 'skip',
    appendOnly: true,
    retentionDays: 90,
  });
});

test('whose keys come again for other records are told by the time at which they were made, and written so again', () => {
  const { mapping } = record(
    'key: "r:{user:int}/{id}", table: t, identity: [user, id, made], hash: { made: { field: created_at, type: time! } }',
  );
  expect(mapping.born).toBe('made');
  const [kind] = recordKinds([mapping]);
  if (kind === undefined || !isOwn(kind)) throw new Error('it is no record of one’s own');
  expect(kind).toMatchObject({ created: 'created_at', own: { born: 'made' } });
  expect(identityOfOwn(kind.own).map(({ column }) => column)).toEqual(['user', 'id', 'made']);
  const written = writeDocuments([], [], [{ record: kind, from: 'here' }]);
  expect(written).toContain('identity: [user, id, made]');
  expect(mappingFile(written).records.map((one) => one.mapping)).toEqual([
    { ...mapping, onConflict: undefined },
  ]);
});

/** The problems of a record, without their place. */
const problems = (words: string, others = '') =>
  problemsOf(`version: 1\nrecords:\n  r: { ${words} }\n${others}`).map((problem) =>
    problem.replace(/^\d+:\d+: /, ''),
  );
/** What a record says of the rest without a word about it. */
const atRest = { onConflict: undefined, appendOnly: false, retentionDays: undefined };
const good = 'key: "r:{id}", table: t, hash: { a: text }';

test('of a parent whose keys come again nobody knows which one a child means: that is said at the parent', () => {
  const again = '  o: { key: "o:{id:int}", table: os, hash: { at: time! }, identity: [id, at] }';
  expect(problems('key: "r:{id}", table: t, hash: { a: text }, parents: { o_id: o }', again)).toEqual([
    'records.r.parents.o_id: o has identity: its keys come again for other records, so that none of them says which: leave the parent out, and let o_id be a column',
  ]);
});
const logs = 'key: "r:{id}", table: t, hash: { at: time }, append_only: true';

test('a record: key, table, columns with their types, none, parents, what a deletion does', () => {
  const { records } = mappingFile(`version: 1
records:
  user:
    key: "user:{id:int}"
    table: users
    hash:
      email: text!
      tier: { field: plan, type: text }
      age: { type: int! }
    none: ''
    unique: [email, [tier, age]]
  line:
    key: "line:{user:int}/{file*}"
    table: order_lines
    parents: { user_id: { record: user, id: "{user}" }, payer: user!, giver: { record: user, field: given_by, required: true } }
    hash: { at: time, raw: bytes, id: uuid, ok: bool, score: float, more: json }
    none: 0
    on_delete: mark
`);
  expect(records.map(({ name, prefix, mapping }) => ({ ...mapping, name, prefix }))).toEqual([
    {
      name: 'user',
      prefix: 'user:',
      table: 'users',
      holds: 'hash',
      key: { prefix: 'user:', parts: [{ column: 'id', type: 'int', rest: false, after: '' }] },
      columns: [
        { column: 'email', field: 'email', type: 'text', required: true },
        { column: 'tier', field: 'plan', type: 'text', required: false },
        { column: 'age', field: 'age', type: 'int', required: true },
      ],
      parents: [],
      unique: [['email'], ['tier', 'age']],
      none: '',
      onDelete: 'keep',
      ...atRest,
    },
    {
      name: 'line',
      prefix: 'line:',
      table: 'order_lines',
      holds: 'hash',
      key: {
        prefix: 'line:',
        parts: [
          { column: 'user', type: 'int', rest: false, after: '/' },
          { column: 'file', type: 'text', rest: true, after: '' },
        ],
      },
      columns: ['at time', 'raw bytes', 'id uuid', 'ok bool', 'score float', 'more json'].map((one) => {
        const [column, type] = one.split(' ');
        return { column, field: column, type, required: false };
      }),
      parents: [
        { column: 'user_id', record: 'user', from: { part: 'user' } },
        { column: 'payer', record: 'user', from: { field: 'payer', required: true } },
        { column: 'giver', record: 'user', from: { field: 'given_by', required: true } },
      ],
      unique: [],
      none: '0',
      onDelete: 'mark',
      ...atRest,
    },
  ]);
});

test('records are kinds of the catalogue, parents first, with or without the registry', () => {
  const file = (include: string) => `version: 1\ninclude: [${include}]\nrecords:
  child: { key: "child:{id}", table: children, hash: { a: text }, parents: { of: parent } }
  parent: { key: "parent:{id:int}", table: parents, hash: { a: text } }\n`;
  const names = (include: string) => {
    const read = mappingsOf(file(include), 'm.yaml', settings);
    return 'problems' in read ? read.problems : [...read.catalogue.keys()];
  };
  expect(names('')).toEqual(['parent', 'child']);
  expect(names('ai-registry')).toEqual([...aiRegistry.keys(), 'parent', 'child']);
});

test('a table or name of the registry is another one’s only where the registry is not included', () => {
  const file = (include: string) =>
    `version: 1\ninclude: [${include}]\nrecords:\n  r: { key: "r:{id}", table: metrics, hash: { a: text } }\n`;
  expect(mappingsOf(file(''), 'm.yaml', settings)).not.toHaveProperty('problems');
  expect(mappingsOf(file('ai-registry'), 'm.yaml', settings)).toMatchObject({
    problems: [
      { line: 4, message: 'records.r: table metrics has the records of metric: a table is for one mapping' },
    ],
  });
});

test.each([
  [
    'key: "r:{id}", table: t',
    ['records.r: needs hash, json, string, or each with columns: what a key holds, and as which columns'],
  ],
  ['table: t, hash: { a: text }', ['records.r: needs key']],
  ['key: "r:{id}", hash: { a: text }', ['records.r: needs table']],
  ['key: "{id}", table: t, hash: { a: text }', [expect.stringContaining('begins with a placeholder')]],
  [
    'key: "r:", table: t, hash: { a: text }',
    [expect.stringContaining('has no part that tells its records apart')],
  ],
  ['key: "r:{a}{b}", table: t, hash: { c: text }', [expect.stringContaining('between two placeholders')]],
  [
    'key: "r:{a:float}", table: t, hash: { c: text }',
    [expect.stringContaining('{a:float}: a part of a key is text or int')],
  ],
  [
    'key: "r:{a*}:{b}", table: t, hash: { c: text }',
    [expect.stringContaining('only the last part can be the rest')],
  ],
  ['key: "r:{a*:int}", table: t, hash: { c: text }', [expect.stringContaining('the rest of a key is text')]],
  ['key: "r:{a}:{a}", table: t, hash: { c: text }', [expect.stringContaining('names {a} twice')]],
  ['key: "r r:{a}", table: t, hash: { c: text }', [expect.stringContaining('has no spaces')]],
  ['key: "r:{id}", table: public.t, hash: { a: text }', [expect.stringContaining('without its schema')]],
  [
    'key: "r:{id}", table: t, hash: { a: string }',
    ['records.r.hash.a: must be one of text, int, float, bool, json, time, uuid, bytes: string is text here'],
  ],
  ['key: "r:{id}", table: t, hash: { a: txt }', [expect.stringContaining('did you mean text?')]],
  ['key: "r:{id}", table: t, hash: { a: 1 }', [expect.stringContaining('must be one of text')]],
  ['key: "r:{id}", table: t, hash: {}', [expect.stringContaining('the map is empty')]],
  ['key: "r:{id}", table: t, hash: { a: { field: b } }', ['records.r.hash.a: needs type']],
  [`key: "r:{id}", table: t, hash: { "a'b": text }`, [expect.stringContaining('no quotes')]],
  ['key: "r:{id}", table: t, hash: { id: text }', [expect.stringContaining('fills the column id twice')]],
  [
    'key: "r:{id}", table: t, hash: { deleted_at: time }, on_delete: mark',
    [expect.stringContaining('fills the column deleted_at twice')],
  ],
  [`${good}, on_delete: drop`, ['records.r.on_delete: must be one of keep, delete, mark']],
  [`${good}, none: [a]`, [expect.stringContaining('must be a text or a number')]],
  [`${good}, tabel: x`, [expect.stringContaining('did you mean table?')]],
  [
    `${good}, identity: [no, time]`,
    [
      'records.r.identity: names all parts of the key, and behind them the column with the creation time: [id, time]',
    ],
  ],
  [
    `${good}, identity: [id]`,
    [expect.stringContaining('behind them the column with the creation time: [id')],
  ],
  [`${good}, identity: [id, a]`, [expect.stringContaining('records.r.identity: needs a: time! in hash')]],
  [`${good}, identity: [id, no]`, [expect.stringContaining('records.r.identity: needs no: time! in hash')]],
  [`${good}, identity: [id, a, b]`, [expect.stringContaining('names all parts of the key')]],
  [`${good}, identity: parents`, [expect.stringContaining('is parents in ai-registry alone')]],
  [`${good}, identity: id`, [expect.stringContaining('must be [id, created_at]: the parts of the key')]],
  [
    'key: "r:{id}", table: t, hash: { at: time }, identity: [id, at]',
    [expect.stringContaining('needs at: time! in hash')],
  ],
  [
    'key: "r:{id}", table: t, each: member, columns: { m: $member }, identity: [id, m]',
    [expect.stringContaining('records.r.identity: is for hash and json')],
  ],
  [
    'key: "r:{id}", table: t, each: member, columns: { a: $membr }',
    ['records.r.columns.a: is none of $member, $score, which each: member knows: did you mean $member?'],
  ],
  [
    `key: "r:{id:int}", table: t, hash: { at: time! }, identity: [id, at], counter: c, except: x`,
    [
      expect.stringContaining('records.r.counter: is for the records of ai-registry'),
      expect.stringContaining('records.r.except: is for the records of ai-registry'),
    ],
  ],
  [`${good}, counter: c`, [expect.stringContaining('records.r.counter: is for the records of ai-registry')]],
  [`${good}, on_conflict: ask`, ['records.r.on_conflict: must be one of skip, overwrite, merge']],
  [
    `${good}, append_only: true, on_conflict: merge`,
    [expect.stringContaining('is skip where records are written once')],
  ],
  [`${good}, append_only: maybe`, [expect.stringContaining('must be true or false')]],
  [`${good}, append_only: true, retention: 90d`, [expect.stringContaining('needs a column of type time')]],
  [
    'key: "r:{id}", table: t, hash: { at: time }, retention: 90d',
    [expect.stringContaining('needs append_only: true')],
  ],
  [`${logs}, retention: 90`, [expect.stringContaining('must be a number of whole days, as in 90d')]],
  [`${logs}, retention: 90d, on_delete: mark`, [expect.stringContaining('needs on_delete: keep')]],
  [`${good}, unique: b`, ['records.r: unique names b, which is no column of it: there are id, a']],
  [
    `${good}, parents: { x: many }`,
    ['records.r.parents.x: a key of many holds several records: a parent is named by its key'],
  ],
  [
    'key: "r", table: t, each: field, columns: { a: $field }, parents: { x: { record: o, field: $valeu } }',
    ['records.r.parents.x: its field $valeu is none of $field, $value, which each: field knows'],
  ],
  [
    'key: "r:{id}", table: t, string: { a: text }, parents: { x: { record: o, field: b } }',
    ['records.r.parents.x: a string has no fields: its value is the field $value'],
  ],
  ['key: "r", table: t, string: { a: text }', [expect.stringContaining('has no part that tells')]],
  ['key: "r:{id}", table: t, string: { a: text, b: int }', [expect.stringContaining('names one column')]],
  [
    'key: "r:{id}", table: t, each: field, columns: { a: $value }',
    [expect.stringContaining('needs one column of $field')],
  ],
  [
    'key: "r", table: t, each: member, columns: { a: { field: $member, type: time } }',
    [
      'records.r: a: $member tells records apart, and has to be text, int, uuid, bytes: of another type two of them could be one',
    ],
  ],
  [
    'key: r, table: t, each: entry, columns: { a: { field: $id, type: int } }',
    [expect.stringContaining('a: $id is text')],
  ],
  [
    'key: r, table: t, each: entry, columns: { a: $id }, on_delete: delete',
    [expect.stringContaining('is keep for entries of a stream')],
  ],
  [
    'key: r, table: t, each: entry, columns: { a: { field: a } }',
    [expect.stringContaining('needs one column of $id')],
  ],
  [`${good}, unique: []`, [expect.stringContaining('the list is empty')]],
  [`${good}, parents: { x: nobody }`, ['records.r.parents.x: there is no record nobody here']],
  [
    `${good}, parents: { x: r }`,
    ['records.r.parents.x: a circle of parents, r -> r: none of them could come first'],
  ],
  [
    `${good}, parents: { x: { record: o, id: "{no}" } }`,
    [expect.stringContaining('its id is no part of the key, which has {id}')],
  ],
  [
    `${good}, parents: { x: { record: o, id: "id" } }`,
    [expect.stringContaining('must be a part of the key, as in "{user}"')],
  ],
  [
    `${good}, parents: { x: { record: o, id: "{id}", field: y } }`,
    [expect.stringContaining('has id and field')],
  ],
  [
    `${good}, parents: { x: { record: o, id: "{id}" } }`,
    ['records.r.parents.x: {id} is text, and the key of o is int'],
  ],
  [
    `${good}, parents: { x: pair }`,
    ['records.r.parents.x: the key of pair has several parts: a parent is named by one value'],
  ],
] as readonly (readonly [string, readonly unknown[]])[])('refused: %s', (words, expected) => {
  const others =
    '  o: { key: "o:{n:int}", table: o, hash: { a: text } }\n  pair: { key: "p:{a}:{b}", table: p, hash: { c: text } }\n  many: { key: "m:{id}", table: m, each: member, columns: { c: $member } }\n';
  expect(
    problems(
      words,
      words.includes('many') || words.includes(': o') || words.includes('pair') ? others : '',
    ).sort(),
  ).toEqual([...expected].sort());
});

test('two records of one table, of one beginning, in a circle, with names that nothing may have', () => {
  expect(
    problemsOf(`version: 1
records:
  a: { key: "a:{id}", table: t, hash: { x: text }, parents: { b: b } }
  b: { key: "b:{id}", table: t, hash: { x: text }, parents: { a: a } }
  c: { key: "a:{name}", table: c, hash: { x: text } }
  too-large: { key: "l:{id}", table: l, hash: { x: text } }
  d-: { key: "d:{id}", table: d, hash: { x: text } }
  e: { key: "millrace:{id}", table: e, hash: { x: text } }
`).map((problem) => problem.replace(/^(\d+):\d+: /, '$1 ')),
  ).toEqual([
    '3 records.a.parents.b: a circle of parents, a -> b -> a: none of them could come first',
    '4 records.b.table: t has the records of a: a table is for one mapping',
    expect.stringContaining('5 records.c.key: its keys begin with "a:"'),
    '6 records.too-large: the name of a record is not too-large, and has no - at either end',
    '7 records.d-: the name of a record is not too-large, and has no - at either end',
    expect.stringContaining('8 records.e.key: keys that begin with "millrace:" are Millrace\'s own'),
  ]);
});

test('the whole of a record is read', () => {
  expect(record(good).mapping).toMatchObject({ name: 'r', table: 't', none: undefined, onDelete: 'keep' });
});

test('records that are written are the same when they are read', () => {
  const text = `version: 1
records:
  user: { key: "user:{id:int}", table: users, hash: { email: text!, tier: { field: plan, type: bytes } }, none: "", unique: [email, [id, tier]] }
  s: { key: "s:{id}", table: s, string: { text: text! }, parents: { user_id: { record: user, field: $value } } }
  fields: { key: "f:{id:int}", table: f, each: field, columns: { name: { field: $field, type: bytes }, value: $value, more: { field: $value, type: "json!" } } }
  members: { key: scores, table: m, each: member, columns: { id: { field: $member, type: int }, score: $score, n: { field: $score, type: int } } }
  elements: { key: "e:{id}", table: e, each: element, columns: { at: $index, sku: { field: sku, type: uuid }, name: { field: name } } }
  p: { key: "p:{id}", table: p, json: { a: json!, b: { field: c, type: time } } }
  "9": { key: "line:{user:int}/{file*}.x", table: lines, none: "0", on_delete: mark, hash: { at: time!, id: uuid, ok: bool, n: int, f: float, j: json },
    parents: { user_id: { record: user, id: "{user}" }, payer: user!, other: user, giver: { record: user, field: given_by, required: true }, more: { record: user, field: m } } }
`;
  const kinds = (file: string) =>
    recordKinds(mappingFile(file).records.map(({ mapping }) => mapping)).filter(isOwn);
  const written = writeDocuments([], [], kinds(text).map((one) => ({ record: one, from: 'x.yaml' }))); // prettier-ignore
  expect(written).toContain('  user:\n    key: user:{id:int}\n    table: users\n');
  expect(kinds(written)).toEqual(kinds(text));
});

test.each([
  ['integer!', 'integer is int'],
  ['varchar', 'varchar is text'],
  ['varchar(20)', 'varchar(20) is text'],
  ['string', 'string is text'],
  ['timestamp', 'timestamp is time'],
  ['datetime', 'datetime is time'],
  ['boolean', 'boolean is bool'],
  ['jsonb', 'jsonb is json'],
  ['number', 'number is int, or float'],
  ['Numeric', 'Numeric is float'],
])('a type that is called otherwise elsewhere: %s', (type, told) => {
  expect(problems(`key: "r:{id}", table: t, hash: { a: "${type}" }`)).toEqual([
    expect.stringContaining(`must be one of text, int, float, bool, json, time, uuid, bytes: ${told} here`),
  ]);
});

test.each(['pg_class', 'PG_mine'])('a table of Postgres itself is refused: %s', (table) => {
  expect(problems(`key: "r:{id}", table: ${table}, hash: { a: text }`)).toEqual([
    expect.stringContaining('is a name of Postgres itself'),
  ]);
});
