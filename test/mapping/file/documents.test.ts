import { firstDocument, mappingFile } from './support';

const document = (words: string) => firstDocument(`version: 1\ndocuments:\n  d: { ${words} }\n`);

test('a document of a table: its columns, its key, and the watch that follows from them', () => {
  expect(document('from: teams, key: "entity:team:{id}", json: [id, name]')).toEqual({
    name: 'd',
    key: {
      text: 'entity:team:{id}',
      prefix: 'entity:team:',
      parts: [{ column: 'id', after: '' }],
    },
    form: {
      type: 'json',
      fields: [
        { name: 'id', column: 'id', json: false },
        { name: 'name', column: 'name', json: false },
      ],
    },
    ttl: undefined,
    rows: { table: 'teams', where: undefined },
    watch: [{ table: 'teams', by: ['id'], select: undefined }],
  });
});

test('fields may have other names than their columns, and hold JSON', () => {
  expect(
    document('from: t, key: "t:{id}", json: { a: b, tags: { column: tags_json, type: json } }').form,
  ).toEqual({
    type: 'json',
    fields: [
      { name: 'a', column: 'b', json: false },
      { name: 'tags', column: 'tags_json', json: true },
    ],
  });
  expect(document('from: t, key: "t:{id}", hash: { 1: one, "": empty }').form).toEqual({
    type: 'hash',
    fields: [
      { name: '1', column: 'one', json: false },
      { name: '', column: 'empty', json: false },
    ],
  });
});

test.each([
  ['string: name', { type: 'string', column: 'name' }],
  ['list: id', { type: 'list', column: 'id' }],
  ['set: id', { type: 'set', column: 'id' }],
  ['zset: { member: id, score: points }', { type: 'zset', member: 'id', score: 'points' }],
])('%s', (words, form) => {
  expect(document(`from: t, key: "t:{sport}", ${words}`).form).toEqual(form);
});

test('where and ttl', () => {
  const read = document('from: t, key: "t:{a}", set: id, where: " a IS NOT NULL ", ttl: 3600');
  expect([read.rows, read.ttl]).toEqual([{ table: 't', where: 'a IS NOT NULL' }, 3600]);
});

test('a SELECT, with the tables that it reads: by the key, by a SELECT, by columns and a SELECT', () => {
  const card = firstDocument(`version: 1
documents:
  card:
    key: "card:{id}:{lang}"
    hash: [name, league]
    sql: |
      select t.id, t.lang, t.name, l.name AS league
      FROM teams t LEFT JOIN leagues l ON l.id = t.league_id WHERE (t.id, t.lang) IN keys ;
    watch:
      leagues: "SELECT id, lang FROM teams WHERE league_id IN keys"
      names: { by: country, select: "WITH c AS (SELECT * FROM keys) SELECT id, lang FROM teams WHERE country IN c" }
      regions: { by: [a, b], select: 'SELECT id, lang FROM keys' }
      teams: [id, lang]
      more: [team_id, team_lang]
`);
  const leagues = 'SELECT id, lang FROM teams WHERE league_id IN keys';
  const names = 'WITH c AS (SELECT * FROM keys) SELECT id, lang FROM teams WHERE country IN c';
  expect(card.watch).toEqual([
    { table: 'leagues', by: [], select: leagues },
    { table: 'names', by: ['country'], select: names },
    { table: 'regions', by: ['a', 'b'], select: 'SELECT id, lang FROM keys' },
    { table: 'teams', by: ['id', 'lang'], select: undefined },
    { table: 'more', by: ['team_id', 'team_lang'], select: undefined },
  ]);
  expect(card.rows).toEqual({
    sql: 'select t.id, t.lang, t.name, l.name AS league\nFROM teams t LEFT JOIN leagues l ON l.id = t.league_id WHERE (t.id, t.lang) IN keys',
    table: 'teams',
  });
});

test('a SELECT may begin with a comment, for watches, too', () => {
  const read = firstDocument(`version: 1
documents:
  d:
    key: "d:{id}"
    set: a
    sql: |
      -- why: SELECT *
      /* or * not */ SELECT a FROM keys
    watch:
      t: id
      u: |
        -- all
        SELECT id FROM keys
`);
  expect(read.rows).toEqual({ sql: '-- why: SELECT *\n/* or * not */ SELECT a FROM keys', table: 't' });
  expect(read.watch[1]).toEqual({ table: 'u', by: [], select: '-- all\nSELECT id FROM keys' });
});

test('a table may be watched by a SELECT besides: its rows may be in the where of others', () => {
  const sql = 'SELECT id FROM t WHERE parent IN keys';
  expect(
    document(
      `from: t, key: "t:{id}", json: [id], where: "parent IN (SELECT id FROM t)", watch: { t: "${sql}", u: id }`,
    ).watch,
  ).toEqual([
    { table: 't', by: ['id'], select: undefined },
    { table: 't', by: [], select: sql },
    { table: 'u', by: ['id'], select: undefined },
  ]);
});

test('what a file includes', () => {
  const file = mappingFile('version: 1\ninclude: [sports-entities, ai-registry]\n');
  expect(file).toEqual({ include: ['sports-entities', 'ai-registry'], documents: [], records: [] });
  expect(mappingFile('version: 1').include).toEqual([]);
  expect(mappingFile('version: 1\ninclude: []\ndocuments:\n  # none yet\n').documents).toEqual([]);
});
