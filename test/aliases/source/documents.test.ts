import { join } from 'node:path';
import Database from 'better-sqlite3';
import { installCapture, uninstallCapture } from '../../../src/aliases/source/install-capture';
import type { ChangelogPosition } from '../../../src/aliases/source/changelog';
import { readDocuments } from '../../../src/aliases/source/documents/catalogue';
import { Nominator } from '../../../src/aliases/source/documents/nominator';
import type { DocumentTruth } from '../../../src/aliases/source/documents/document-truth';
import { AliasSource, type OnDoubt } from '../../../src/aliases/source/source';
import { SourceKeeper } from '../../../src/aliases/source/source-keeper';
import { findUnserved } from '../../../src/aliases/source/unserved-rows';
import { PageApply } from '../../../src/aliases/stages/page-apply';
import { tableStatuses } from '../../../src/aliases/status';
import type { DocumentForm, DocumentMapping, Watch } from '../../../src/mapping/documents';
import { builtInDocuments } from '../../../src/mapping/file/built-in';
import { temporaryFolder } from '../../support/temporary-folder';
import { fields, tableDocument, template } from '../support/document-schemas';

const folder = temporaryFolder();
let files = 0;
let db: Database.Database;
let source: AliasSource | undefined;
beforeEach(() => {
  db = new Database(join(folder, `${String(++files)}.db`));
  db.pragma('journal_mode = WAL');
  db.exec(`CREATE TABLE leagues (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT, sport TEXT, league_id INTEGER);
    CREATE TABLE notes (team_id INTEGER, text TEXT);
    CREATE TABLE pairs (a TEXT, b TEXT, value, PRIMARY KEY (a, b));
    CREATE TABLE nicks (nick TEXT COLLATE NOCASE PRIMARY KEY);
    CREATE INDEX teams_league ON teams (league_id);
    CREATE VIEW team_names AS SELECT id, name FROM teams;
    CREATE VIRTUAL TABLE found USING fts5 (name)`);
});
afterEach(() => {
  source?.close();
  source = undefined;
  db.close();
});

function open(...documents: readonly DocumentMapping[]): AliasSource {
  source?.close();
  source = AliasSource.open({ path: db.name, mappings: [], aliasCase: 'preserve', documents });
  return source;
}

function captured(...documents: readonly DocumentMapping[]): AliasSource {
  installCapture(db.name, [], 'preserve', { documents, tidy: false });
  return open(...documents);
}

const name: DocumentForm = { type: 'json', fields: fields('id', 'name') };
const team = tableDocument('team', 'teams', { by: ['id'], form: name });
const selected = (sql: string, more: Partial<DocumentMapping> = {}): DocumentMapping => ({
  ...team,
  name: 'card',
  key: template('card:', 'id'),
  rows: { sql, table: 'teams' },
  ...more,
});
const watching = (...watch: readonly Watch[]) => ({ watch: [...team.watch, ...watch] });
const joined = `SELECT t.id, t.name, l.name AS league FROM teams t LEFT JOIN leagues l ON l.id = t.league_id WHERE t.id IN keys`;
const card = selected(joined, {
  form: { type: 'hash', fields: fields('name', 'league') },
  ...watching({ table: 'leagues', by: [], select: 'SELECT id FROM teams WHERE league_id IN keys' }),
});

/** The keys of the document card that the changelog names after a position. */
function namesAfter(opened: AliasSource, from: ChangelogPosition | undefined): readonly string[] {
  const page = from && opened.changelog?.read(from, 1_000);
  if (page === undefined || page === 'broken') throw new Error('there is no changelog');
  const all = opened.nominations(page, () => undefined);
  return all.flatMap((one) => ('fan' in one ? opened.fanOut(one).names : one.names));
}

const truthOf = (opened: AliasSource, name: string): DocumentTruth => {
  const truth = opened.truths.get(name);
  if (truth === undefined) throw new Error(JSON.stringify(tableStatuses(opened)));
  return truth as DocumentTruth;
};

describe('a document that cannot be served says why, and the others go on:', () => {
  const from = (table: string, more: Parameters<typeof tableDocument>[2]) =>
    tableDocument('bad', table, more);
  test.each<readonly [string, DocumentMapping, string, RegExp, RegExp]>([
    [
      'a table that is none',
      from('taems', { by: ['id'], form: name }),
      'missing',
      /no such table: taems/,
      /mean teams\?/,
    ],
    [
      'a key column that is none',
      from('teams', { by: ['idd'], form: name }),
      'no-column',
      /no column idd/,
      /mean id\?/,
    ],
    [
      'a column that is none',
      from('teams', { by: ['id'], form: { type: 'hash', fields: fields('nam') } }),
      'no-column',
      /teams has no column nam/,
      /mean name\?/,
    ],
    [
      'a column in where that is none',
      from('teams', { by: ['id'], form: name, where: 'sprot IS NOT NULL' }),
      'select',
      /the where .* no such column: sprot/,
      /mean sport\?/,
    ],
    ['a view', from('team_names', { by: ['id'], form: name }), 'not-a-table', /is a view/, /behind it/],
    [
      'a virtual table',
      from('found', { by: ['rowid'], form: name }),
      'not-a-table',
      /is a virtual/,
      /behind it/,
    ],
    [
      'an attached database',
      from('other.teams', { by: ['id'], form: name }),
      'missing',
      /no such table/,
      /The file has|mean/,
    ],
    [
      'a table without a key',
      from('notes', { by: ['team_id'], form: { type: 'json', fields: fields('text') } }),
      'not-unique',
      /may have the same team_id/,
      /unique index/,
    ],
    ['a SELECT that is none', selected('PRAGMA table_list'), 'select', /is no SELECT/, /SELECT or WITH/],
    [
      'a SELECT that writes',
      selected('DELETE FROM teams WHERE id IN keys RETURNING id'),
      'select',
      /is no SELECT/,
      /Begin/,
    ],
    [
      'a WITH that writes',
      selected('WITH x AS (SELECT 1) DELETE FROM teams WHERE id IN keys RETURNING id'),
      'select',
      /near "DELETE"/,
      /sqlite3 shell/,
    ],
    [
      'two statements',
      selected('SELECT id, name FROM teams WHERE id IN keys; DELETE FROM teams'),
      'select',
      /near ";"/,
      /./,
    ],
    [
      'parameters',
      selected('SELECT id, name FROM teams WHERE id IN keys AND sport = ?'),
      'select',
      /has parameters/,
      /bound/,
    ],
    [
      'named ones',
      selected('SELECT id, name FROM teams WHERE id IN keys AND sport = @s'),
      'select',
      /has parameters/,
      /bound/,
    ],
    [
      'a numbered one',
      selected('SELECT id, name FROM teams WHERE id IN keys AND sport = ?1'),
      'select',
      /has parameters/,
      /bound/,
    ],
    [
      'a SELECT without keys',
      selected('SELECT id, name FROM teams'),
      'select',
      /does not use `keys`/,
      /WHERE id IN keys/,
    ],
    [
      'an aggregate over all keys that are asked for',
      selected('SELECT id, max(name) AS name FROM teams WHERE id IN keys'),
      'select',
      /yields a row where no key is asked for/,
      /GROUP BY/,
    ],
    [
      'a LIMIT over all keys that are asked for',
      selected("SELECT id, name || '(' AS name FROM teams WHERE id IN keys ORDER BY id LIMIT 1 -- )"),
      'select',
      /ends with a LIMIT/,
      /each key/,
    ],
    [
      'a window over all keys that are asked for',
      selected('SELECT id, row_number() OVER (ORDER BY id) AS name FROM teams WHERE id IN keys'),
      'select',
      /has a window over the rows of all keys/,
      /PARTITION BY/,
    ],
    [
      'a SELECT that scans',
      selected('SELECT t.id, t.name FROM teams t LEFT JOIN notes n ON n.team_id = t.id WHERE t.id IN keys', {
        ...watching({ table: 'notes', by: ['team_id'], select: undefined }),
      }),
      'scan',
      /reads all of n,/,
      /CREATE INDEX notes_team_id ON "notes" \("team_id"\)/,
    ],
    [
      'a SELECT that scans what it was asked for',
      selected("SELECT id, name FROM teams WHERE id || '' IN keys"),
      'scan',
      /reads all of teams/,
      /IN keys/,
    ],
    [
      'a SELECT without the key',
      selected('SELECT name FROM teams WHERE id IN keys'),
      'no-column',
      /yields no column id/,
      /name/,
    ],
    [
      'a SELECT without a column',
      selected('SELECT id, name AS nane FROM teams WHERE id IN keys'),
      'no-column',
      /yields no column name/,
      /mean nane\?/,
    ],
    ...(
      [
        ['random()', /uses random\(\), which/],
        ['RandomBlob (4)', /uses RandomBlob\(\), which/],
        ['CURRENT_TIMESTAMP', /reads the clock \(CURRENT_TIMESTAMP\)/],
        ["strftime('%Y', 'NOW')", /reads the clock \(strftime\('now'\)\)/],
        ["strftime('%s')", /reads the clock \(strftime\('%s'\)\)/],
        ['date ( )', /reads the clock \(date \( \)\)/],
      ] as const
    ).map(
      ([sql, message]) =>
        [
          `${sql} in it`,
          selected(`SELECT id, ${sql} AS name FROM teams WHERE id IN keys`),
          'select',
          message,
          /ttl|nothing else/,
        ] as const,
    ),
    [
      'a where that reads the clock',
      from('teams', { by: ['id'], form: name, where: "name > datetime('now', '-1 day')" }),
      'select',
      /the where of the document bad reads the clock/,
      /ttl/,
    ],
    [
      'an unknown table in it',
      selected('SELECT id, name FROM taems WHERE id IN keys'),
      'select',
      /no such table/,
      /mean teams/,
    ],
    [
      'an unknown column in it',
      selected('SELECT t.id, t.nam FROM teams t WHERE id IN keys'),
      'select',
      /no such column/,
      /mean name/,
    ],
    [
      'a table that it does not watch',
      { ...card, watch: team.watch },
      'not-watched',
      /reads leagues/,
      /leagues: /,
    ],
    [
      'a virtual table in it',
      selected('SELECT t.id, f.name FROM teams t JOIN found f ON f.rowid = t.id WHERE t.id IN keys'),
      'select',
      /more than ordinary tables: no such table: \S*found/,
      /virtual table/,
    ],
    [
      'a watch that yields too much',
      {
        ...card,
        watch: [
          ...team.watch,
          { table: 'leagues', by: [], select: 'SELECT id, name FROM teams WHERE league_id IN keys' },
        ],
      },
      'select',
      /yields 2 columns, and the key has 1/,
      /yield id/,
    ],
    [
      'a watch by no key',
      {
        ...card,
        watch: [...team.watch, { table: 'notes', by: [], select: 'SELECT id FROM teams WHERE id IN keys' }],
      },
      'no-column',
      /the table has no primary key/,
      /by: /,
    ],
    [
      'a watch that scans',
      {
        ...card,
        watch: [
          ...team.watch,
          { table: 'leagues', by: ['name'], select: 'SELECT id FROM teams WHERE sport IN keys' },
        ],
      },
      'scan',
      /the SELECT in the watch of leagues .* reads all of teams/,
      /CREATE INDEX teams_sport/,
    ],
    [
      'a watch by a column that is compared in another way',
      {
        ...tableDocument('bad', 'pairs', { by: ['a'], form: { type: 'set', column: 'b' } }),
        watch: [
          { table: 'pairs', by: ['a'], select: undefined },
          { table: 'nicks', by: ['nick'], select: undefined },
        ],
      },
      'select',
      /nick is compared by COLLATE NOCASE, and pairs.a is not/,
      /by: nick, select/,
    ],
    [
      'a where with a parameter',
      from('teams', { by: ['id'], form: name, where: 'sport = ?' }),
      'select',
      /the where of the document bad has parameters/,
      /bound/,
    ],
    [
      'a where that reads another table',
      from('teams', {
        by: ['id'],
        form: name,
        where: 'EXISTS (SELECT 1 FROM leagues l WHERE l.id = teams.league_id)',
      }),
      'not-watched',
      /the where of the document bad reads leagues/,
      /leagues: /,
    ],
    [
      'a watch with a wrong number of columns',
      { ...card, watch: [...team.watch, { table: 'pairs', by: ['a', 'b'], select: undefined }] },
      'no-column',
      /names 2 columns of pairs, and the key has 1/,
      /in the order of the key/,
    ],
  ])('%s', (_what, document, reason, message, hint) => {
    const opened = open(document, { ...team, name: 'good' });
    const [bad, good] = tableStatuses(opened);
    expect(bad).toMatchObject({ type: document.name, state: reason });
    expect(bad?.message).toMatch(message);
    expect(bad?.message).toContain(document.name);
    expect(bad?.hint).toMatch(hint);
    expect(good).toMatchObject({ type: 'good', table: 'teams', state: 'served' });
    expect([...opened.truths.keys()]).toEqual(['good']);
  });

  test('all indexes that it needs are named at once, and what one document needs is not there for the next', () => {
    const lacking = selected(
      'SELECT t.id, t.name FROM teams t LEFT JOIN notes n ON n.team_id = t.id WHERE t.id IN keys',
      watching(
        { table: 'notes', by: ['team_id'], select: undefined },
        { table: 'leagues', by: ['name'], select: 'SELECT id FROM teams WHERE sport IN keys' },
      ),
    );
    const [first, second] = tableStatuses(open(lacking, { ...lacking, name: 'again' }));
    const indexes = [
      'CREATE INDEX teams_sport ON "teams" ("sport")',
      'CREATE INDEX notes_team_id ON "notes" ("team_id")',
    ];
    expect(first).toMatchObject({ state: 'scan', hint: `It needs indexes: ${indexes.join('; ')}` });
    expect(second?.hint).toBe(first?.hint);
    for (const index of indexes) db.exec(index);
    expect(tableStatuses(open(lacking))).toMatchObject([{ state: 'served' }]);
  });

  test('of a built-in document, a column that is not there may be named in a copy', () => {
    const [status] = tableStatuses(open(...builtInDocuments('sports-entities')));
    expect(status).toMatchObject({ type: 'entity-team', state: 'no-column' });
    expect(status?.hint).toContain('copy the entry from mappings/sports-entities.yaml');
  });

  test('a generated column that is computed when it is read', () => {
    db.exec("CREATE TABLE made (id INTEGER PRIMARY KEY, name AS (printf('%.*c', id, 65)))");
    const opened = open(tableDocument('made', 'made', { by: ['id'], form: name }));
    expect(tableStatuses(opened)).toMatchObject([
      { state: 'computed', hint: expect.stringMatching(/STORED/) as string },
    ]);
  });
});

test('words that only look as if they read the clock or chance are none', () => {
  const sql = `SELECT id, date(name) || 'random() current_date' AS name, 'now' AS "random()" /* date() */ FROM teams
    WHERE id IN keys AND name <> 'now' -- random()`;
  const entry = open(selected(sql.replace("'now' AS", "'x' AS").replace("<> 'now'", "<> 'w'"))).documents[0];
  expect(entry).toMatchObject({ state: 'served' });
  const without = `SELECT id, name || 'now' AS name FROM teams WHERE id IN keys`;
  expect(open(selected(without)).documents[0]).toMatchObject({ state: 'served' });
});

test('a file that is locked is no fault of its documents', () => {
  db.pragma('journal_mode = DELETE');
  db.exec('BEGIN EXCLUSIVE');
  expect(() => open(card)).toThrow(/locked/);
  db.exec('COMMIT');
  expect(tableStatuses(open(card))).toMatchObject([{ state: 'served' }]);
});

test('no rows are scanned because there are only a few, whatever ANALYZE says', () => {
  db.exec("INSERT INTO teams VALUES (1, 'a', 'f', 1); INSERT INTO leagues VALUES (1, 'l'); ANALYZE");
  expect(tableStatuses(open(card))).toMatchObject([{ state: 'served' }]);
});

test('what a row of a document with one row cannot give is counted and listed with its reason', () => {
  db.exec(`CREATE TABLE things (id UNIQUE, name, prefs TEXT);
    INSERT INTO things VALUES (NULL, 'a', NULL), (x'01', 'b', NULL), (3, x'02', NULL), (4, 'd', '{'), (5, 'e', '{"f":[1]}'),
      ('${'k'.repeat(65_537)}', 'g', NULL), (0.1 + 0.2, 'h', NULL), (CAST(x'ff' AS TEXT), 'i', NULL),
      (8, CAST(x'ff' AS TEXT), NULL), (9, 'j' || char(65533), NULL), (10, printf('%.*c', 9000000, 'x'), NULL),
      (11, 'k', NULL), ('11', 'l', NULL), ('new' || char(10) || 'line', 'm', NULL), ('{"brace}', 'n', NULL), ('', 'o', NULL)`);
  const json = { name: 'prefs', column: 'prefs', json: true };
  const things = tableDocument('thing', 'things', {
    by: ['id'],
    form: { type: 'json', fields: [...fields('name'), json] },
  });
  const truth = truthOf(captured(things), 'thing');
  const reasons = findUnserved('thing', truth, 100).map(({ alias, reason }) => [
    alias?.slice(0, 8) ?? null,
    reason,
  ]);
  expect(new Map(reasons as [string, string][])).toEqual(
    new Map<string | null, unknown>([
      [null, expect.stringMatching(/the key column id is (NULL|a blob)/)],
      ['3', 'the column name is a blob, no text'],
      ['4', 'the column prefs holds no JSON'],
      ['', 'the key column id is longer than 65536 bytes'],
      ['\uFFFD', 'the key column id is not valid UTF-8'],
      ['8', 'the value is not valid UTF-8'],
      ['10', 'the value is larger than 8388608 bytes'],
      ['11', 'two rows yield this key'],
    ]),
  );
  expect(truth.countUnkeyed()).toBe(2);
  const names = ['5', '9', 'new\nline', '{"brace}', '', '11', '3', 'never'];
  expect(truth.lookUp(names)).toEqual([
    '{"name":"e","prefs":{"f":[1]}}',
    '{"name":"j\uFFFD","prefs":null}',
    '{"name":"m","prefs":null}',
    '{"name":"n","prefs":null}',
    '{"name":"o","prefs":null}',
    ...['', '', ''],
  ]);
  expect(truth.absent(names)).toEqual([5, 6, 7]);
});

test('a SELECT that yields a key twice makes no document of it', () => {
  db.exec(
    "INSERT INTO teams VALUES (1, 'a', 'f', 1), (2, 'b', 'f', 2); INSERT INTO notes VALUES (1, 'x'), (1, 'y'), (2, 'z')",
  );
  db.exec('CREATE INDEX notes_team ON notes (team_id)');
  const noted = selected(
    'SELECT t.id, n.text AS name FROM teams t JOIN notes n ON n.team_id = t.id WHERE t.id IN keys',
    {
      ...watching({ table: 'notes', by: ['team_id'], select: undefined }),
    },
  );
  const truth = truthOf(open(noted), 'card');
  expect(truth.lookUp(['1', '2'])).toEqual(['', '{"id":2,"name":"z"}']);
  expect(findUnserved('card', truth, 5)).toMatchObject([
    { alias: '1', reason: 'two rows yield this key', table: 'teams' },
  ]);
});

test('a text of JSON stays a text in a document, unless the mapping says that it is JSON', () => {
  db.exec("INSERT INTO teams VALUES (1, 'a', 'f', 1)");
  const sql =
    'SELECT id, (SELECT json_group_array(l.id) FROM leagues l WHERE l.id = t.league_id) AS name FROM teams t WHERE id IN keys';
  const more = watching({ table: 'leagues', by: [], select: 'SELECT id FROM teams WHERE league_id IN keys' });
  expect(truthOf(open(selected(sql, more)), 'card').lookUp(['1'])).toEqual(['{"id":1,"name":"[]"}']);
  const form: DocumentForm = { type: 'json', fields: [{ name: 'name', column: 'name', json: true }] };
  expect(truthOf(open(selected(sql, { ...more, form })), 'card').lookUp(['1'])).toEqual(['{"name":[]}']);
});

test.each<readonly [DocumentForm, string]>([
  [{ type: 'hash', fields: fields('id', 'name', 'sport') }, '{"id":"9007199254740993","sport":"f"}'],
  [
    { type: 'json', fields: fields('id', 'name', 'sport') },
    '{"id":9007199254740993,"name":null,"sport":"f"}',
  ],
  [{ type: 'string', column: 'sport' }, 'f'],
  [{ type: 'list', column: 'id' }, '["9007199254740993"]'],
  [{ type: 'set', column: 'sport' }, '["f"]'],
  [{ type: 'zset', member: 'sport', score: 'league_id' }, '[["f","7"]]'],
  [{ type: 'set', column: 'name' }, ''],
  [{ type: 'hash', fields: fields('name') }, ''],
])('a row as %j is %s', (form, value) => {
  db.exec("INSERT INTO teams VALUES (9007199254740993, NULL, 'f', 7)");
  const truth = truthOf(open(tableDocument('x', 'teams', { by: ['id'], form })), 'x');
  expect(truth.lookUp(['9007199254740993'])).toEqual([value]);
  expect(truth.walk(undefined, 10).values).toEqual(value === '' ? [] : [value]);
});

test('a row of 1,900 columns is a document, in the order of its fields', () => {
  const columns = Array.from({ length: 1_900 }, (_none, at) => `c${at}`);
  db.exec(`CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns.join(', ')})`);
  const texts = columns.map((_name, at) => `'{"a":[${at}]}'`);
  db.exec(`INSERT INTO wide VALUES (1, ${texts.join(', ')})`);
  const json = columns.map((column) => ({ name: column, column, json: column !== 'c0' }));
  const opened = captured(
    tableDocument('wide', 'wide', { by: ['id'], form: { type: 'json', fields: json } }),
    tableDocument('flat', 'wide', { by: ['id'], form: { type: 'hash', fields: fields(...columns) } }),
  );
  const [value = ''] = truthOf(opened, 'wide').lookUp(['1']);
  const rest = columns.slice(1).map((column, at) => `"${column}":{"a":[${at + 1}]}`);
  expect(value).toBe(`{"c0":"{\\"a\\":[0]}",${rest.join(',')}}`);
  const [flat = ''] = truthOf(opened, 'flat').lookUp(['1']);
  expect(Object.entries(JSON.parse(flat) as object)).toEqual(
    columns.map((column, at) => [column, `{"a":[${at}]}`]),
  );
});

test('a key of two columns is read back as it was written, or is none', () => {
  const pair = tableDocument('pair', 'pairs', { by: ['a', 'b'], form: { type: 'string', column: 'value' } });
  db.exec("INSERT INTO pairs VALUES ('x', 'y', 1), ('x', 'y:z', 2), ('x:y', 'z', 3), ('', '', 4)");
  const truth = truthOf(captured(pair), 'pair');
  expect(truth.lookUp(['x:y', 'x:y:z', ':', 'x'])).toEqual(['1', '2', '4', '']);
  expect(findUnserved('pair', truth, 5)).toMatchObject([
    { alias: 'x:y, z', reason: 'a contains ":", which ends it in the key' },
  ]);
});

test('values of megabytes make small pages, of a look-up as of a walk', () => {
  const insert = db.prepare("INSERT INTO teams VALUES (?, ?, 'f', 1)");
  for (let id = 1; id <= 12; id++) insert.run(id, 'x'.repeat(900_000));
  const truth = truthOf(open(team), 'team');
  const all = Array.from({ length: 12 }, (_none, at) => String(at + 1));
  expect(truth.lookUp(all, 2_000_000).length).toBeLessThan(4);
  expect(truth.lookUp(all)).toHaveLength(12);
  let from: unknown;
  const seen: string[] = [];
  do {
    const page = truth.walk(from, 1_000);
    expect(page.values.length).toBeLessThan(4);
    seen.push(...page.aliases);
    from = page.next;
  } while (from !== undefined);
  expect(seen).toEqual(all);
});

test('a column of another type names the keys that it is equal to', () => {
  db.exec(`CREATE TABLE codes (team TEXT, code TEXT);
    INSERT INTO teams VALUES (17, 'a', 'f', 1); INSERT INTO codes VALUES ('017', 'x')`);
  db.exec('CREATE INDEX codes_team ON codes (CAST(team AS INTEGER))');
  const sql = `SELECT t.id, c.code AS name FROM teams t JOIN codes c ON CAST(c.team AS INTEGER) = t.id WHERE t.id IN keys`;
  const coded = selected(sql, watching({ table: 'codes', by: ['team'], select: undefined }));
  const opened = captured(coded);
  expect(truthOf(opened, 'card').lookUp(['17'])).toEqual(['{"id":17,"name":"x"}']);
  const from = opened.changelog?.head();
  db.exec("UPDATE codes SET code = 'y'");
  expect(namesAfter(opened, from)).toEqual(['017', '17']);
});

test('a SELECT that spells keys as another table does names them as they are', () => {
  db.exec(`CREATE TABLE places (id TEXT COLLATE NOCASE PRIMARY KEY, name);
    CREATE TABLE clubs (id INTEGER PRIMARY KEY, place TEXT COLLATE NOCASE); CREATE TABLE fans (club INTEGER, name);
    CREATE INDEX clubs_place ON clubs (place); CREATE INDEX fans_club ON fans (club);
    INSERT INTO places VALUES ('a', 'A'); INSERT INTO clubs VALUES (1, 'A')`);
  const place = selected(
    'SELECT p.id, count(f.name) AS name FROM places p LEFT JOIN clubs c ON c.place = p.id LEFT JOIN fans f ON f.club = c.id WHERE p.id IN keys GROUP BY p.id',
  );
  const watch: readonly Watch[] = [
    { table: 'places', by: ['id'], select: undefined },
    { table: 'clubs', by: ['place'], select: undefined },
    { table: 'fans', by: ['club'], select: 'SELECT place FROM clubs WHERE id IN keys' },
  ];
  const opened = captured({ ...place, watch, rows: { ...place.rows, table: 'places' } });
  const from = opened.changelog?.head();
  db.exec("INSERT INTO fans VALUES (1, 'f')");
  expect(namesAfter(opened, from)).toEqual(['a']);
  expect(truthOf(opened, 'card').lookUp(['a', 'A'])).toEqual(['{"id":"a","name":1}', '']);
});

test('keys that are equal to each other are asked for apart, so that a SELECT that joins them counts each row once', () => {
  db.exec(`CREATE TABLE places (id TEXT COLLATE NOCASE PRIMARY KEY, name); CREATE TABLE numbers (id NUMERIC PRIMARY KEY, name);
    INSERT INTO places VALUES ('a', 'A'), ('b', 'B'); INSERT INTO numbers VALUES (2, 'two'), ('x', 'text')`);
  const counted = (table: string): DocumentMapping => ({
    ...selected(`SELECT t.id, count(*) AS name FROM keys k JOIN ${table} t ON t.id = k.id GROUP BY t.id`),
    ...{ name: table, watch: [{ table, by: ['id'], select: undefined }] },
    rows: {
      table,
      sql: `SELECT t.id, count(*) AS name FROM keys k JOIN ${table} t ON t.id = k.id GROUP BY t.id`,
    },
  });
  const opened = open(counted('places'), counted('numbers'));
  expect(truthOf(opened, 'places').lookUp(['A', 'a', 'b'])).toEqual([
    '',
    '{"id":"a","name":1}',
    '{"id":"b","name":1}',
  ]);
  expect(truthOf(opened, 'numbers').lookUp(['2', '02', '2.0', 'x'])).toEqual([
    '{"id":2,"name":1}',
    '',
    '',
    '{"id":"x","name":1}',
  ]);
});

test('a SELECT that names more keys than are held is read in their order, and misses none', () => {
  db.exec(`CREATE TABLE odd (id TEXT PRIMARY KEY, league_id INTEGER); CREATE INDEX odd_league ON odd (league_id);
    INSERT INTO odd VALUES ('b', 1), ('a', 1), ('', 1), (NULL, 1), (x'61', 1), (CAST(x'ff' AS TEXT), 1), ('é', 1), ('z', 2), ('a,''b', 1), ('9', 1), ('10', 1)`);
  const form: DocumentForm = { type: 'string', column: 'league_id' };
  const odd = tableDocument('odd', 'odd', { by: ['id'], form });
  const watch = [
    ...odd.watch,
    { table: 'leagues', by: ['id'], select: 'SELECT id FROM odd WHERE league_id IN keys' },
  ];
  const served = readDocuments(db, [{ ...odd, watch }]).filter((entry) => entry.state === 'served');
  const nominator = new Nominator(db, served, 2);
  const doubted: string[] = [];
  const nominate = (columns: readonly string[], ...rows: readonly string[]) =>
    nominator.nominate({ table: 'leagues', columns }, rows, (type, doubt) =>
      doubted.push(`${type} ${doubt}`),
    );
  const [first] = nominate(['name', 'id'], "NULL,'1'", "'x',1");
  expect(doubted).toEqual([]);
  const names: string[] = [];
  let steps = 0;
  for (let next = first; next !== undefined && 'fan' in next; steps++) {
    const { names: some, rest } = nominator.fanOut(next);
    expect(some.length).toBeLessThanOrEqual(2);
    names.push(...some);
    next = rest;
  }
  expect(names).toEqual(['', '10', '9', 'a', "a,'b", 'b', 'é']);
  expect(steps).toBe(5);
  expect(nominate(['name'], "'x'")).toEqual([]);
  expect(doubted).toEqual(['odd unlogged']);
});

describe('a page of the changelog', () => {
  const page = (
    opened: AliasSource,
    from: ReturnType<NonNullable<AliasSource['changelog']>['head']> | undefined,
  ) => {
    const found = from && opened.changelog?.read(from, 1_000);
    if (found === undefined || found === 'broken') throw new Error('nothing to read');
    return {
      found,
      apply: new PageApply(from as NonNullable<typeof from>, found, opened.nominations(found, fail)),
    };
  };
  const fail: OnDoubt = ({ reason }): never => {
    throw new Error(reason);
  };

  test('that names many keys goes a thousand at a time, and its position comes with the last of them', () => {
    const opened = captured(card, team);
    db.exec(`INSERT INTO leagues VALUES (1, 'l'), (2, 'm');
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO teams SELECT i, 'n', 'f', 1 FROM n`);
    const from = opened.changelog?.head();
    db.exec("UPDATE leagues SET name = 'new'; UPDATE teams SET name = 'seven' WHERE id = 7");
    const { found, apply } = page(opened, from);
    const named = new Set<string>();
    for (let step = apply.next(opened, () => true); ; step = apply.next(opened, () => true)) {
      const names = step.batches.flatMap(({ type, aliases }) =>
        aliases.map((alias) => `${type} ${alias.toString()}`),
      );
      expect(names.length).toBeLessThanOrEqual(1_000);
      for (const one of names) named.add(one);
      if (step.end === undefined) continue;
      expect(step.end).toEqual(found.position);
      break;
    }
    expect(named.size).toBe(2_501);
    expect(named).toContain('team 7');
  });

  test('is applied with the rows as they are when they are sent, and goes on when the file is opened anew', () => {
    const opened = captured(card);
    db.exec("INSERT INTO leagues VALUES (1, 'l')");
    db.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) INSERT INTO teams SELECT i, 'n', 'f', 1 FROM n`,
    );
    const from = opened.changelog?.head();
    db.exec("UPDATE leagues SET name = 'new'");
    const { apply } = page(opened, from);
    expect(apply.next(opened, () => true).batches[0]?.values[0]).toBe('{"name":"n","league":"new"}');
    db.exec("UPDATE leagues SET name = 'newer'");
    const again = open(card);
    const { batches, end } = apply.next(again, () => true);
    expect(end).toBeDefined();
    expect(new Set(batches.flatMap(({ values }) => values))).toEqual(
      new Set(['{"name":"n","league":"newer"}']),
    );
    expect(batches.flatMap(({ aliases }) => aliases)).toHaveLength(500);
  });
});

describe('the capture', () => {
  const objects = () =>
    db
      .prepare<[], string>(
        "SELECT name FROM sqlite_master WHERE name LIKE 'millrace%' AND type <> 'table' ORDER BY name",
      )
      .pluck()
      .all();
  const id = () => db.prepare<[], string>('SELECT id FROM millrace_changelog_id').pluck().get();
  const bySport = tableDocument('sport', 'teams', { by: ['sport'], form: { type: 'set', column: 'id' } });

  test('of several documents of one table is one set of triggers, and an index where none serves', () => {
    captured(team, card, bySport, { ...bySport, name: 'sport2' });
    expect(objects()).toEqual([
      'millrace_t:leagues_after_delete',
      'millrace_t:leagues_after_insert',
      'millrace_t:leagues_after_rename',
      'millrace_t:leagues_after_update',
      'millrace_t:teams(sport)',
      'millrace_t:teams_after_delete',
      'millrace_t:teams_after_insert',
      'millrace_t:teams_after_rename',
      'millrace_t:teams_after_update',
      'millrace_t:teams_before_insert',
      'millrace_t:teams_before_update',
    ]);
    expect(source?.captureGaps).toEqual([]);
    expect(source?.changelog).toBeDefined();
  });

  test('is complete for another program whose documents need less, and grows for one that needs more', () => {
    captured(team);
    const [first, names] = [id(), objects()];
    expect(open(bySport).captureGaps).not.toEqual([]);
    captured(bySport);
    expect(id()).not.toBe(first); // what was logged before lacks the sport
    const second = id();
    expect(open(team).captureGaps).toEqual([]);
    expect(open(bySport).captureGaps).toEqual([]);
    expect(installCapture(db.name, [], 'preserve', { documents: [team], tidy: false }).steps).toEqual([]);
    expect(objects()).toEqual(expect.arrayContaining([...names]));
    expect(id()).toBe(second);
  });

  test('is tidied when it is asked for: what no document needs goes, and the changelog goes on', () => {
    captured(team, card, bySport);
    const before = id();
    expect(open(team).leftovers).not.toEqual([]);
    installCapture(db.name, [], 'preserve', { documents: [team], tidy: true });
    expect(objects()).toEqual([
      'millrace_t:teams_after_delete',
      'millrace_t:teams_after_insert',
      'millrace_t:teams_after_rename',
      'millrace_t:teams_after_update',
    ]);
    expect(id()).toBe(before);
    expect(open(team)).toMatchObject({ leftovers: [], captureGaps: [] });
  });

  test('of two programs with other documents comes to rest, though each tidies up when it starts', async () => {
    const keep = (...documents: readonly DocumentMapping[]) =>
      new SourceKeeper({ path: db.name, mappings: [], aliasCase: 'preserve', documents, install: true });
    const keepers = [keep(card, team), keep(bySport)];
    const version = () => db.pragma('schema_version', { simple: true });
    const seen: unknown[] = [];
    try {
      for (let now = 0; now < 20_000; now += 1_000) {
        for (const keeper of keepers) await keeper.refresh(now);
        seen.push(version());
      }
      expect(new Set(seen.slice(4)).size).toBe(1);
      for (const keeper of keepers) expect(keeper.source).toMatchObject({ captureGaps: [] });
      expect(objects()).toEqual(
        expect.arrayContaining(['millrace_t:leagues_after_update', 'millrace_t:teams(sport)']),
      );
    } finally {
      for (const keeper of keepers) keeper.close();
    }
  });

  test('leaves nothing behind when it is uninstalled', () => {
    captured(team, card, bySport);
    source?.close();
    uninstallCapture(db.name);
    expect(objects()).toEqual([]);
  });

  test('that lost a trigger is mended, and its changelog gets another id', () => {
    captured(team);
    const before = id();
    db.exec('DROP TRIGGER "millrace_t:teams_after_update"');
    expect(open(team).captureGaps).toEqual([
      'millrace_t:teams_after_update is missing',
      'changes may have gone unseen',
    ]);
    captured(team);
    expect(id()).not.toBe(before);
  });

  test('changes neither what a writer does nor what it may drop', () => {
    captured(team);
    db.exec(
      "ALTER TABLE teams DROP COLUMN sport; ALTER TABLE teams RENAME COLUMN name TO title; INSERT INTO teams VALUES (1, 'a', 2)",
    );
    expect(open(team).captureGaps).toEqual([]);
    expect(tableStatuses(open(team))).toMatchObject([{ state: 'no-column' }]);
  });
});
