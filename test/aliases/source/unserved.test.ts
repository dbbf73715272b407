import { join } from 'node:path';
import { describeGaps, planCapture } from '../../../src/aliases/source/capture';
import { installCapture } from '../../../src/aliases/source/install-capture';
import { readCatalogue } from '../../../src/aliases/source/catalogue';
import { type AliasCase, defaultMappings } from '../../../src/mapping/alias-tables';
import { AliasTruth } from '../../../src/aliases/source/truth';
import { findUnserved } from '../../../src/aliases/source/unserved-rows';
import { inFew } from '../../../src/foundation/in-few';
import { aliasDatabase } from '../../support/alias-database';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();
let files = 0;

function database(aliasCase: AliasCase = 'preserve', { captured = true, column = 'TEXT' } = {}) {
  const path = join(folder, `${++files}.db`);
  const db = aliasDatabase(path);
  if (column !== 'TEXT') {
    db.exec(`DROP TABLE team_aliases; CREATE TABLE team_aliases (team_id, alias ${column})`);
  }
  if (captured) installCapture(path, defaultMappings, aliasCase);
  const truth = () => {
    const [table] = readCatalogue(db, defaultMappings);
    if (table?.state !== 'served') throw new Error('not served');
    return new AliasTruth(db, table, aliasCase);
  };
  return { db, truth, path };
}

const unusable: readonly [what: string, id: string, alias: string, reason: RegExp][] = [
  ['a NULL alias', "'1'", 'NULL', /^the alias is NULL$/],
  ['a blob alias', "'1'", "x'00ff'", /^the alias is a blob/],
  [
    'an alias that is too long',
    "'1'",
    "printf('%.*c', 1048577, 'x')",
    /^the alias is too long: 1048577 bytes/,
  ],
  ['an alias that is not UTF-8', "'1'", "CAST(x'ff41' AS TEXT)", /^the alias is not valid UTF-8$/],
  ['a NULL id', 'NULL', "'a'", /^the id is NULL$/],
  ['a blob id', "x'00'", "'b'", /^the id is a blob/],
  ['an id that is too long', "printf('%.*c', 65537, 'x')", "'c'", /^the id is too long: 65537 bytes/],
];

const ways: readonly [how: string, aliasCase: AliasCase, options: { captured?: boolean; column?: string }][] =
  [
    ['with an index', 'preserve', {}],
    ['with folded aliases', 'lower', {}],
    ['in a column of any type', 'preserve', { column: '' }],
  ];

describe.each(ways)('%s', (_how, aliasCase, options) => {
  test.each(unusable)(
    '%s is named with its reason, and no longer when it is mended',
    (_what, id, alias, reason) => {
      const { db, truth } = database(aliasCase, options);
      db.exec("INSERT INTO team_aliases VALUES ('1', 'good'), ('2', 'zz')");
      db.exec(`INSERT INTO team_aliases VALUES (${id}, ${alias})`);
      const found = findUnserved('team', truth(), 10);
      expect(found.map((row) => [row.type, row.table, reason.test(row.reason)])).toEqual([
        ['team', 'team_aliases', true],
      ]);
      db.exec("UPDATE team_aliases SET team_id = '3', alias = 'mended' WHERE rowid = 3");
      expect(findUnserved('team', truth(), 10)).toEqual([]);
      db.close();
    },
  );
});

test('without an index they are found as well, behind good ones; of a million of one mistake a few are told', () => {
  const { db, truth } = database('preserve', { captured: false });
  db.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO team_aliases SELECT CASE WHEN i <= 2500 THEN i END, printf('%04d', i) FROM n`);
  for (const captured of [false, true]) {
    if (captured) installCapture(db.name, defaultMappings, 'preserve');
    expect(findUnserved('team', truth(), 20)).toHaveLength(20);
    const found = findUnserved('team', truth(), 3_000);
    expect(found).toHaveLength(2_500);
    expect(new Set(found.map(({ alias }) => alias)).size).toBe(2_500);
  }
  db.close();
});

test('a capture that is not installed is one word, one that lacks something names it, and no list is longer than a line', () => {
  const { db, path } = database('preserve', { captured: false });
  const gaps = () =>
    planCapture(db, readCatalogue(db, defaultMappings), 'preserve').map(({ reason }) => reason);
  expect(gaps().length).toBeGreaterThan(20);
  expect(describeGaps(gaps())).toBe('no triggers and no changelog are installed in this file');
  installCapture(path, defaultMappings, 'preserve');
  db.exec('DROP TRIGGER millrace_team_after_insert');
  expect(describeGaps(gaps())).toMatch(/^millrace_team_after_insert is missing/);
  for (const type of ['team', 'player', 'league', 'market'])
    for (const event of ['insert', 'update', 'delete'])
      db.exec(`DROP TRIGGER IF EXISTS millrace_${type}_after_${event}`);
  expect(describeGaps(gaps())).toMatch(/^(\w+ is missing, ){4}\w+ is missing and \d+ more$/);
  expect(inFew(['a', 'b'])).toBe('a, b');
  expect(inFew(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])).toBe('a, b, c, d, e and 3 more');
  db.close();
});
