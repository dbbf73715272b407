import { migrations, parseMigration } from '../../../src/archive/schema/migration-files';
import { parseSearchPath, skippedTarget } from '../../../src/archive/schema/search-path';
import { sentence } from '../../../src/archive/schema/things';

test('migrations are numbered from 1 without a gap, and every step of them makes a thing of its own', () => {
  expect(migrations().map(({ number }) => number)).toEqual(
    migrations().map((_migration, index) => index + 1),
  );
  const things = migrations().flatMap(({ steps }) => steps.map(({ thing }) => thing));
  expect(new Set(things).size).toBe(things.length);
  for (const thing of things) expect(sentence(thing)).toMatch(/^(created|added|widened)/);
});

test('a migration file that is not understood is a defect, not a file without steps', () => {
  expect(() => parseMigration('1_a.sql', '')).toThrow('not named');
  expect(() => parseMigration('0001_a.sql', '--: table a when new a\nSELECT 1')).toThrow('0001_a.sql');
  expect(
    parseMigration(
      '0007_more.sql',
      '-- why\n\n--: column a.b when adopted a\n-- how\nSELECT 1;\n\n--: table c\nSELECT 2;\n',
    ),
  ).toEqual({
    number: 7,
    name: 'more',
    steps: [
      { thing: 'column a.b', condition: { is: 'adopted', table: 'a' }, sql: '-- how\nSELECT 1;' },
      { thing: 'table c', sql: 'SELECT 2;' },
    ],
  });
});

test('search_path is read as Postgres reads it', () => {
  expect(parseSearchPath('"$user", public')).toEqual(['$user', 'public']);
  expect(parseSearchPath('"My ""archive""",Public, pg_temp')).toEqual(['My "archive"', 'public', 'pg_temp']);
  expect(parseSearchPath('')).toEqual([]);
});

test.each([
  ['"$user", public', ['public'], undefined],
  ['"$user", public', ['app'], undefined],
  ['archive, public', ['public'], 'archive'],
  ['archive, public', ['archive', 'public'], undefined],
  ['pg_catalog, millrace, archive', ['millrace'], 'archive'],
])('of search_path %s with %j usable, the schema passed over is %s', (searchPath, usableSchemas, skipped) => {
  expect(skippedTarget({ searchPath, usableSchemas, role: 'app' })).toBe(skipped);
});
