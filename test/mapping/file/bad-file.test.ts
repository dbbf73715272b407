import { readMappingFile } from '../../../src/mapping/file/mapping-file';
import { problemsOf, problemsOfDocument } from './support';

const team = 'from: teams, key: "team:{id}", json: [id]';

test('all problems at once, each with its place and the word that was meant', () => {
  const problems = problemsOf(`version: 1
inlcude: [sports-aliases]
documents:
  team:
    form: teams
    key: "team:{id}"
    jsn: [id, name]
    ttl: -1
  bad name: { from: teams, key: "{id}", json: [] }
`);
  expect(problems).toEqual([
    '2:1: inlcude: is no word of this file: did you mean include?',
    '5:5: documents.team.form: is no word of this file: did you mean from?',
    '7:5: documents.team.jsn: is no word of this file: did you mean json?',
    '8:10: documents.team.ttl: must be a whole number from 1 to 2000000000, and is -1',
    '9:3: documents.bad name: the name may hold only letters, digits, _ and - (64 at most), and not be __proto__',
    expect.stringMatching(/^9:33: documents\.bad name\.key: "\{id\}" begins with a placeholder/),
    '9:47: documents.bad name.json: must name columns: the list is empty',
  ]);
});

test.each([
  ['a tab', 'version: 1\ndocuments:\n\td: {}\n', '3:1: a tab: YAML is indented by spaces'],
  [
    'an anchor',
    'version: &v 1\n',
    '1:13: version: &v names a place for others to refer to: write it out there',
  ],
  [
    'an alias',
    `version: 1\ndocuments:\n  d: { ${team} }\n  e: *d\n`,
    '4:6: documents.e: *d refers to another place: write it out',
  ],
  ['a tag', 'version: !!int 1\n', '1:16: version: a tag (tag:yaml.org,2002:int): leave it out'],
  ['a tag of nobody', 'version: !mine 1\n', '1:16: version: a tag (!mine): leave it out'],
  [
    'a merge key',
    `version: 1\ndocuments:\n  d:\n    <<: { ttl: 1 }\n    from: t\n    key: "t:{i}"\n    set: i\n`,
    '4:5: documents.d.<<: is no word of this file',
  ],
  ['a key that is there twice', `version: 1\nversion: 1\n`, '2:1: version: is there twice: keep one of them'],
  [
    'a mapping that is there twice',
    `version: 1\ndocuments:\n  d: { ${team} }\n  d: { ${team} }\n`,
    '4:3: documents.d: is there twice: keep one of them',
  ],
  ['a key that is a list', 'version: 1\n? [a]\n: 1\n', '2:3: a key is a plain word'],
  [
    'a second document',
    'version: 1\n---\nversion: 1\n',
    '2:1: a second document (---): a file of mappings is one',
  ],
  ['a directive', '%YAML 1.1\n---\nversion: 1\n', '1:1: the file begins with a directive (%): leave it out'],
  ['a bracket that is not closed', 'version: 1\ninclude: [sports-aliases\n', '3:1: not YAML: '],
  [
    'a key template that is not in quotes',
    'version: 1\ndocuments:\n  d: { key: p:{id}, json: [a] }\n',
    '3:13: within { } or [ ], a text with a colon or braces stands in quotes: key: "team:{id}"',
  ],
  ['nothing', '', '1:1: the file says nothing: it begins with a line `version: 1`'],
  ['a comment', '# later\n', '1:1: the file says nothing'],
  ['a list', '- version: 1\n', '1:1: must be a map with version, include, documents, records, and is a list'],
  ['a text', 'version 1', '1:1: must be a map with version, include, documents, records, and is a text'],
  ['no version', 'include: [ai-registry]\n', '1:1: needs version'],
  ['a later version', 'version: 2\n', '1:10: version: must be 1: a later one is for a later Millrace'],
  [
    'a version in quotes',
    'version: "1"\n',
    '1:10: version: must be a whole number from 1 to 1, and is a text',
  ],
  [
    'an include of nobody',
    'version: 1\ninclude: [sport-aliases]\n',
    '2:11: include[1]: must be one of sports-aliases, sports-entities, ai-registry: did you mean sports-aliases?',
  ],
  [
    'an include twice',
    'version: 1\ninclude: [ai-registry, ai-registry]\n',
    '2:10: include: names ai-registry twice',
  ],
  [
    'documents that are a list',
    'version: 1\ndocuments: [a]\n',
    '2:12: documents: must be a map of mappings by their names, and is a list',
  ],
  [
    'a document that is nothing',
    'version: 1\ndocuments:\n  d:\n',
    '3:3: documents.d: must be a map with from,',
  ],
])('%s is refused where it is', (_what, text, problem) => {
  expect(problemsOf(text)[0]).toContain(problem);
  expect(problemsOf(text)).toHaveLength(1);
});

test.each([
  [
    'from: t, key: "t:{id}"',
    'documents.d: needs one of json, hash, string, list, set, zset: what a key holds',
  ],
  [
    'from: t, key: "t:{id}", json: [a], hash: [b]',
    'documents.d: has json and hash: a key holds one of them; write two documents',
  ],
  ['key: "t:{id}", set: a', 'documents.d: needs from (a table) or sql (a SELECT): where its rows come from'],
  ['from: t, set: a', 'documents.d: needs key'],
  ['from: [t], key: "t:{id}", set: a', 'documents.d.from: must be a text, and is a list'],
  [
    'from: 7, key: "t:{id}", set: a',
    'documents.d.from: must be a text, and is a number (a text that looks like one stands in quotes)',
  ],
  ['from: "", key: "t:{id}", set: a', 'documents.d.from: must not be empty'],
  [
    'from: "a\\nb", key: "t:{id}", set: a',
    'documents.d.from: must be a name, without line breaks or control characters',
  ],
  ['from: t, key: "t:{id}", set: [a]', 'documents.d.set: must be a text, and is a list'],
  [
    'from: t, key: "t:{id}", json: a',
    'documents.d.json: must be a list of columns, or a map from fields to columns, and is a text',
  ],
  ['from: t, key: "t:{id}", json: [a, a]', 'documents.d.json: names a twice'],
  ['from: t, key: "t:{id}", json: [a, null]', 'documents.d.json[2]: must be a text, and is nothing'],
  ['from: t, key: "t:{id}", json: {}', 'documents.d.json: must name fields: the map is empty'],
  [
    'from: t, key: "t:{id}", json: { a: [b] }',
    'documents.d.json.a: must be a column, or { column: c, type: json }, and is a list',
  ],
  [
    'from: t, key: "t:{id}", json: { a: { colum: b } }',
    'documents.d.json.a.colum: is no word of this file: did you mean column?',
  ],
  ['from: t, key: "t:{id}", json: { a: { column: b, type: int } }', 'documents.d.json.a.type: must be json'],
  [
    'from: t, key: "t:{id}", json: { a: { column: b, type: jsn } }',
    'documents.d.json.a.type: jsn is not known: did you mean json?',
  ],
  [
    'from: t, key: "t:{id:int}", set: a',
    "documents.d.key: {id:int}: a document's key takes no type: write {id}",
  ],
  [
    'from: t, key: "t:{id}", hash: { a: { column: b, type: json } }',
    'documents.d.hash.a: a field of a hash holds a text: type: json is for json alone',
  ],
  [
    'sql: SELECT id FROM keys, name FROM t, key: "t:{id}", set: a, watch: { t: id }',
    'documents.d.name FROM t: is no word of this file: within { } or [ ], a text with a comma in it stands in quotes',
  ],
  ['from: t, key: "t:{id}", zset: { member: a }', 'documents.d.zset: needs score'],
  [
    'from: t, key: "t:{id}", set: a, ttl: 0',
    'documents.d.ttl: must be a whole number from 1 to 2000000000, and is 0',
  ],
  [
    'from: t, key: "t:{id}", set: a, ttl: 1.5',
    'documents.d.ttl: must be a whole number from 1 to 2000000000, and is 1.5',
  ],
  [
    'from: t, key: "t:{id}", set: a, ttl: 1h',
    'documents.d.ttl: must be a whole number from 1 to 2000000000, and is a text',
  ],
  ['from: t, key: "t:{id}", set: a, where: " "', 'documents.d.where: must not be empty'],
  [
    'from: t, key: "t:{id}", set: a, watch: { t: id }',
    'documents.d.watch: names t, which is watched already, as the rows are from it',
  ],
  [
    'from: t, key: "t:{id}", set: a, watch: { u: [a, b] }',
    'documents.d.watch.u: must name as many columns as the key has (id)',
  ],
  ['from: t, key: "t:{id}", set: a, watch: { u: { by: a } }', 'documents.d.watch.u: needs select'],
  [
    'from: t, key: "t:{id}", set: a, watch: { u: SELECT id FROM u }',
    'documents.d.watch.u: does not mention keys',
  ],
  [
    'from: t, key: "t:{id}", set: a, watch: { u: { by: a, select: DELETE FROM keys } }',
    'documents.d.watch.u.select: must begin with SELECT or WITH',
  ],
  ['from: t, key: "t:{id}", set: a, watch: { "": id }', 'documents.d.watch.: needs the name of a table'],
  ['sql: SELECT id FROM t WHERE id IN keys, key: "t:{id}", set: a', 'documents.d: needs watch beside sql'],
  [
    'sql: DELETE FROM t WHERE id IN keys, key: "t:{id}", set: a, watch: { t: id }',
    'documents.d.sql: must begin with SELECT or WITH',
  ],
  [
    'sql: SELECT id FROM t, key: "t:{id}", set: a, watch: { t: id }',
    'documents.d.sql: does not mention keys',
  ],
  [
    'sql: SELECT id FROM t WHERE id IN keys, where: a, key: "t:{id}", set: a, watch: { t: id }',
    'documents.d.where: stands beside sql: write it into the SELECT',
  ],
  [
    'sql: SELECT id FROM t WHERE id IN keys, from: t, key: "t:{id}", set: a',
    'documents.d: has from and sql: keep one of them',
  ],
  [
    'sql: SELECT id FROM t WHERE id IN keys, key: "t:{id}", set: a, watch: { u: SELECT id FROM keys }',
    'documents.d.watch: needs a table that has a row for each key',
  ],
])('%s: %s', (words, problem) => {
  expect(problemsOfDocument(words)).toEqual([expect.stringContaining(problem)]);
});

describe('between mappings', () => {
  const two = (a: string, b: string) =>
    problemsOf(
      `version: 1\ndocuments:\n  a: { from: t, key: "${a}", set: x }\n  b: { from: t, key: "${b}", set: x }\n`,
    );

  test.each([
    ['x:{id}', 'x:{name}'],
    ['x:{id}', 'x:y:{id}'],
    ['x:y:{id}', 'x:{id}'],
  ])('%s and %s could be one key', (a, b) => {
    expect(two(a, b)).toEqual([
      expect.stringMatching(
        /^4:22: documents\.b\.key: its keys begin with ".*", and those of a with ".*": neither .*Choose another beginning, as in "b:"$/,
      ),
    ]);
  });

  test.each(['mill{id}', 'millrace:{id}', 'millrace:x:{id}'])(
    '%s could be a key of Millrace itself',
    (key) => {
      expect(problemsOfDocument(`from: t, key: "${key}", set: x`)).toEqual([
        `documents.d.key: keys that begin with "millrace:" are Millrace's own`,
      ]);
    },
  );

  test('what is included has its names and prefixes', () => {
    const text = `version: 1\ninclude: [sports-aliases]\ndocuments:\n  team: { from: t, key: "alias:{id}", set: x }\n`;
    const read = readMappingFile(text, 'm.yaml', (include) => {
      expect(include).toEqual(['sports-aliases']);
      return [
        { name: 'team', prefix: 'alias:team:' },
        { name: 'orders', prefix: 'alias', single: true },
      ];
    });
    expect(
      'problems' in read ? read.problems.map(({ line, column, message }) => [line, column, message]) : [],
    ).toEqual([
      [
        4,
        3,
        'documents.team: another mapping is named team, be it one of another section or an included one',
      ],
      [4, 25, expect.stringContaining('those of team with "alias:team:"')],
    ]);
  });

  test('a single key is no beginning of others', () => {
    const text = `version: 1\ndocuments:\n  d: { from: t, key: "orders:{id}", set: x }\n`;
    expect(readMappingFile(text, 'm', () => [{ name: 'o', prefix: 'orders', single: true }])).toHaveProperty(
      'include',
    );
    expect(
      readMappingFile(text, 'm', () => [{ name: 'o', prefix: 'orders:17', single: true }]),
    ).toHaveProperty('problems');
  });
});

describe('a file that is much too large', () => {
  test('is not parsed', () => {
    const text = `version: 1\n${'# x\n'.repeat(300_000)}`;
    expect(problemsOf(text)).toEqual([
      '1:1: the file has 1200011 bytes: a file of mappings has 1048576 at the most',
    ]);
  });

  test.each([30, 100_000])('or deep: one problem, and soon (%i)', (depth) => {
    const problems = problemsOf(`version: 1\ninclude: ${'['.repeat(depth)}${']'.repeat(depth)}\n`);
    expect(problems.join('\n')).toContain('too deep');
  });

  test('or full of mistakes: the first ones, and how many more', () => {
    const problems = problemsOf(`version: 1\n${'a: 1\n'.repeat(10_000)}`);
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toContain('and 9950 more problems');
  });
});
