import Database from 'better-sqlite3';
import fc from 'fast-check';
import { readDocuments } from '../../src/aliases/source/documents/catalogue';
import { DocumentTruth } from '../../src/aliases/source/documents/document-truth';
import { quoteIdentifier } from '../../src/aliases/source/identifiers';
import { mappingFile } from '../mapping/file/support';
import { proposedFor, textOf } from './support';

const documentsIn = (text: string) => mappingFile(text).documents.map(({ mapping }) => mapping);

/** Names as people give them, and as nobody should. */
const name = fc
  .oneof(
    fc.constantFrom(
      'id',
      'name',
      'users',
      'user',
      'orders',
      'Order Details',
      'teams',
      'yes',
      'null',
      '~',
      '1',
      '1e3',
    ),
    fc.constantFrom(
      'a"b',
      "a'b",
      'a\nb',
      'a: b',
      'a #b',
      '- a',
      '{a}',
      '[a]',
      'a,b',
      '&a',
      '*a',
      '!a',
      '%a',
      '\u2028',
      '\u0085',
      '\ufeff',
    ),
    fc.constantFrom(
      'docs',
      'alias',
      'aidb',
      'millrace',
      'entity',
      'x',
      ' x ',
      'a\\b',
      'ü',
      'کاربران',
      '💾',
      '\u{1d11e}',
      'x'.repeat(300),
    ),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  .filter((text) => !text.includes('\0') && !/\p{Cs}/u.test(text) && !/^sqlite_/i.test(text));

const byFoldedName = { selector: (text: string) => text.toLowerCase() };
const column = fc.record({
  type: fc.constantFrom('', 'INTEGER', 'TEXT', 'BLOB', 'REAL', 'JSON'),
  extra: fc.constantFrom('', ' NOT NULL', ' UNIQUE', ' AS (1) VIRTUAL', ' AS (1) STORED', ' COLLATE NOCASE'),
});
const table = fc.record({
  name,
  columns: fc.uniqueArray(name, { minLength: 1, maxLength: 6, ...byFoldedName }),
  details: fc.array(column, { minLength: 6, maxLength: 6 }),
  key: fc.array(fc.nat(5), { maxLength: 3 }),
  kind: fc.constantFrom('table', 'table', 'table', 'view'),
});
const tables = fc.array(table, { maxLength: 8 });

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly details: readonly { readonly type: string; readonly extra: string }[];
  readonly key: readonly number[];
  readonly kind: string;
}

function created({ name, columns, details, key, kind }: Table): string {
  const quoted = quoteIdentifier(name);
  if (kind === 'view') return `CREATE VIEW ${quoted} AS SELECT 1 AS one`;
  const definitions = columns.map(
    (one, at) => `${quoteIdentifier(one)} ${details[at]?.type ?? ''}${details[at]?.extra ?? ''}`,
  );
  const parts = [...new Set(key.map((at) => columns[at % columns.length] ?? ''))].map(quoteIdentifier);
  const primary = parts.length === 0 ? [] : [`PRIMARY KEY (${parts.join(', ')})`];
  return `CREATE TABLE ${quoted} (${[...definitions, ...primary].join(', ')})`;
}

/** What SQLite takes of the statements: a generated column, say, can be no primary key. */
function accepted(statements: readonly string[]): string {
  const db = new Database(':memory:');
  const taken = statements.filter((statement) => {
    try {
      db.exec(statement);
      return true;
    } catch {
      return false;
    }
  });
  db.close();
  return taken.map((statement) => `${statement};`).join('\n');
}

/** Of a table's own name or that of its keys, so that what is proposed meets it. */
const keysOf = (some: readonly Table[], used: readonly boolean[]): readonly string[] =>
  some.flatMap(({ name: one }, at) => (used[at] === true ? [`${one}:1`, `${one.replace(/s$/, '')}:1`] : []));

test('whatever the tables are called, the file is taken as it was meant, and overwrites nothing', () => {
  fc.assert(
    fc.property(tables, fc.array(fc.boolean(), { maxLength: 8 }), (some, used) => {
      const keys = keysOf(some, used);
      const proposal = proposedFor(accepted(some.map(created)), { keys });
      const documents = documentsIn(textOf(proposal));
      expect(documents).toEqual(
        proposal.documents.map(
          ({ name: title, from, key, json }) =>
            expect.objectContaining({
              name: title,
              rows: { table: from, where: undefined },
              key: expect.objectContaining({ text: key }) as unknown,
              form: { type: 'json', fields: json.map((one) => ({ name: one, column: one, json: false })) },
            }) as unknown,
        ),
      );
      for (const { key } of documents) expect(keys.filter((one) => one.startsWith(key.prefix))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('each document that is proposed can be served', () => {
  fc.assert(
    fc.property(tables, (some) => {
      const statements = accepted(some.map(created));
      const db = new Database(':memory:');
      db.exec(statements);
      const entries = readDocuments(db, documentsIn(textOf(proposedFor(statements))));
      db.close();
      expect(entries.filter(({ state }) => state !== 'served')).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('each table is mapped, covered by what is included, or left out with a reason', () => {
  fc.assert(
    fc.property(tables, (some) => {
      const statements = accepted(some.map(created));
      const db = new Database(':memory:');
      db.exec(statements);
      const names = db
        .prepare<[], string>(
          "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'",
        )
        .pluck()
        .all();
      db.close();
      const { documents, documentsLeftOut } = proposedFor(statements);
      const told = [...documents.map(({ from }) => from), ...documentsLeftOut.map((one) => one.name)];
      expect(told.sort()).toEqual(names.sort());
    }),
  );
});

test('of a very wide table five hundred columns make a document, in lines of which none is long', () => {
  const columns = Array.from({ length: 700 }, (_none, n) => `column_${n}`);
  const schema = `CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns.join(', ')})`;
  const text = textOf(proposedFor(schema));
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  expect(text).toContain('# without the columns after column_498: a document has 500 at the most');
  const documents = documentsIn(text);
  expect(documents[0]?.form).toMatchObject({
    fields: [{ name: 'id' }, ...columns.slice(0, 499).map((one) => ({ name: one }))],
  });
  const db = new Database(':memory:');
  db.exec(`${schema}; INSERT INTO wide (id, column_498) VALUES (7, 'last')`);
  const [entry] = readDocuments(db, documents);
  if (entry?.state !== 'served') throw new Error('it is not served');
  const { mapping, table: found, columns: key } = entry;
  const [value = ''] = new DocumentTruth(db, mapping, found, key).lookUp(['7']);
  expect(JSON.parse(value)).toMatchObject({ id: 7, column_498: 'last' });
  db.close();
});

test('a file that would be larger than the reader takes says which tables are not in it', () => {
  const columns = Array.from({ length: 400 }, (_none, n) => `column_${'x'.repeat(100)}_${n}`).join(', ');
  const schema = Array.from(
    { length: 30 },
    (_none, n) => `CREATE TABLE wide_${n} (id INTEGER PRIMARY KEY, ${columns});`,
  ).join('');
  const text = textOf(proposedFor(schema));
  expect(Buffer.byteLength(text)).toBeLessThan(1024 ** 2);
  const served = documentsIn(text).length;
  expect(served).toBeGreaterThan(10);
  expect(text).toContain(`# ${30 - served} more would make the file larger than 1 MB: wide_`);
});

test('three hundred tables are three hundred documents', () => {
  const schema = Array.from(
    { length: 300 },
    (_none, n) => `CREATE TABLE t${n} (id INTEGER PRIMARY KEY, x TEXT);`,
  ).join('');
  expect(documentsIn(textOf(proposedFor(schema)))).toHaveLength(300);
});

test('an empty file is one that says so little that nothing is mapped', () => {
  expect(mappingFile(textOf(proposedFor('')))).toMatchObject({
    include: [],
    documents: [],
  });
});

test('what is included is in the file, with the tables for which it is', () => {
  const text = textOf(proposedFor('CREATE TABLE team_aliases (team_id, alias)'));
  expect(mappingFile(text).include).toEqual(['sports-aliases']);
  expect(text).toContain('# sports-aliases: team_aliases\n');
});

test('the same tables make the same file, byte for byte, whatever the order in which they were made', () => {
  const [a, b] = ['CREATE TABLE a (id INTEGER PRIMARY KEY);', 'CREATE TABLE b (id INTEGER PRIMARY KEY);'];
  expect(textOf(proposedFor(b + a))).toBe(textOf(proposedFor(a + b)));
});
