import Database from 'better-sqlite3';
import { candidateOf } from '../../src/scaffold/documents';
import { readTables, sampleKeys } from '../../src/scaffold/tables';

/** What would become of the tables of a schema, by their names. */
function judged(schema: string) {
  const db = new Database(':memory:');
  db.exec(schema);
  const found = new Map(readTables(db).map((table) => [table.name, candidateOf(table)]));
  db.close();
  return (name: string) => found.get(name);
}

const isKeyedBy = (key: readonly string[]) => expect.objectContaining({ key }) as unknown;
const isLeftOut = (why: string) =>
  expect.objectContaining({ why: expect.stringContaining(why) as string }) as unknown;

test('a table is keyed by its primary key, in the order in which that names its columns', () => {
  const found = judged(`
    CREATE TABLE a (x, id INTEGER PRIMARY KEY, other TEXT NOT NULL UNIQUE);
    CREATE TABLE b (x TEXT, y TEXT, PRIMARY KEY (y, x)) WITHOUT ROWID;`);
  expect(found('a')).toEqual(isKeyedBy(['id']));
  expect(found('b')).toEqual(isKeyedBy(['y', 'x']));
});

test('without a primary key a table is keyed by a unique index, by one without NULL if it has one', () => {
  const found = judged(`
    CREATE TABLE a (x TEXT UNIQUE, y TEXT NOT NULL UNIQUE);
    CREATE TABLE b (x TEXT); CREATE UNIQUE INDEX b_x ON b (x COLLATE NOCASE);`);
  expect(found('a')).toEqual(isKeyedBy(['y']));
  expect(found('b')).toEqual(isKeyedBy(['x']));
});

test('an index over some of the rows, or over an expression, is no key', () => {
  const found = judged(`
    CREATE TABLE a (x TEXT); CREATE UNIQUE INDEX a_x ON a (x) WHERE x > 'a';
    CREATE TABLE b (x TEXT); CREATE UNIQUE INDEX b_x ON b (lower(x));
    CREATE TABLE c (x TEXT); CREATE INDEX c_x ON c (x);`);
  for (const name of ['a', 'b', 'c']) expect(found(name)).toEqual(isLeftOut('no primary key'));
});

test('a key that no name can be made of is passed over for one that can', () => {
  const found = judged(`
    CREATE TABLE a (id BLOB PRIMARY KEY, x TEXT NOT NULL UNIQUE);
    CREATE TABLE b (id BLOB PRIMARY KEY, x TEXT);
    CREATE TABLE c ("a{b" INTEGER PRIMARY KEY);
    CREATE TABLE d (x TEXT, y TEXT AS (lower(x)) VIRTUAL UNIQUE);
    CREATE TABLE e ("a
b" TEXT UNIQUE);
    CREATE TABLE f (" id" TEXT UNIQUE);`);
  expect(found('a')).toEqual(isKeyedBy(['x']));
  expect(found('b')).toEqual(isLeftOut('its key column id is a BLOB'));
  expect(found('c')).toEqual(isLeftOut('its key column a{b'));
  expect(found('d')).toEqual(isLeftOut('its key column y is a VIRTUAL'));
  expect(found('e')).toEqual(isLeftOut('its key column a\\nb has a control character'));
  expect(found('f')).toEqual(isLeftOut('its key column  id'));
});

test('a document has the plain columns, stored generated ones too, and says which others it has not', () => {
  const found = judged(`CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT, pixels BLOB,
    v TEXT AS (upper(x)) VIRTUAL, s TEXT AS (lower(x)) STORED, "a
b" TEXT, "" TEXT);`);
  expect(found('a')).toMatchObject({
    columns: ['id', 'x', 's'],
    remarks: [
      'pixels is a BLOB, no text',
      'v is a VIRTUAL generated column: make it STORED',
      'a\\nb has a control character in its name',
      ' has no name',
    ],
  });
});

test('views, virtual tables, their contents and tables whose name is no name are left out', () => {
  const found = judged(`
    CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT id FROM a; CREATE VIEW broken AS SELECT x FROM nowhere;
    CREATE VIRTUAL TABLE f USING fts5(x);
    CREATE TABLE "two
lines" (id INTEGER PRIMARY KEY); CREATE TABLE "" (id INTEGER PRIMARY KEY);`);
  expect(found('v')).toEqual(isLeftOut('a view'));
  expect(found('broken')).toEqual(isLeftOut('a view'));
  expect(found('f')).toEqual(isLeftOut('a virtual table'));
  expect(found('f_data')).toEqual(isLeftOut('belongs to a virtual table'));
  expect(found('two\nlines')).toEqual(isLeftOut('its name'));
  expect(found('')).toEqual(isLeftOut('its name'));
});

test.each([
  ['customers', ['customer', 'customers'], ['customer:', 'doc:customers:']],
  ['Categories', ['category', 'categories'], ['category:', 'doc:categories:']],
  ['address', ['address', 'address'], ['address:', 'doc:address:']],
  ['addresses', ['address', 'addresses'], ['address:', 'doc:addresses:']],
  ['status', ['status', 'status'], ['status:', 'doc:status:']],
  ['Order Details', ['order-detail', 'order-details'], ['order-detail:', 'doc:order-details:']],
  ['a"b', ['a-b', 'a-b'], ['a-b:', 'doc:a-b:']],
  ['کاربران', ['table'], ['کاربران:', 'doc:کاربران:']],
])('the table %s: its document and its prefix are called %s, %s', (name, names, prefixes) => {
  const found = judged(`CREATE TABLE "${name.replaceAll('"', '""')}" (id INTEGER PRIMARY KEY)`);
  expect(found(name)).toMatchObject({ table: name, names, prefixes });
});

test('the keys of a few rows are read as text; a row without a key, or with a huge one, is passed over', () => {
  const db = new Database(':memory:');
  db.exec(
    `CREATE TABLE "a ""b" ("x y", y, UNIQUE ("x y", y)); INSERT INTO "a ""b" VALUES (1, 'ü'), (1.5, 2), (NULL, 1), ('3', hex(zeroblob(600)))`,
  );
  const key = ['x y', 'y'];
  expect(sampleKeys(db, { table: 'a "b', key, most: 20 })).toEqual([
    ['1', 'ü'],
    ['1.5', '2'],
  ]);
  expect(sampleKeys(db, { table: 'a "b', key, most: 1 })).toHaveLength(1);
  db.close();
});
