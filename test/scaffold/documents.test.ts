import { aiRegistry } from '../../src/mapping/ai-registry';
import { proposedFor } from './support';

const table = (name: string) => `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, x TEXT);`;
const keysOf = (schema: string, keys: readonly string[] = []) =>
  proposedFor(schema, { keys }).documents.map(({ name, key }) => `${name} ${key}`);

test('a prefix under which Redis has keys is not proposed, but another one, and the file says why', () => {
  const { documents } = proposedFor(table('customers') + table('orders'), {
    keys: ['customer:1', 'customers:1'],
  });
  expect(documents).toMatchObject([
    { name: 'customer', key: 'doc:customers:{id}', remarks: ['Redis has keys under customer:'] },
    { name: 'order', key: 'order:{id}', remarks: [] },
  ]);
});

test('keys that Millrace has made of a table before are in nobody’s way, and their document keeps its name', () => {
  const keys = ['customer:1', 'order:1'];
  const { documents } = proposedFor(table('customers') + table('orders'), {
    keys,
    ours: [
      ['customer:', { name: 'buyer', holds: 'string' }],
      ['order:', { name: 'order', holds: 'hash' }],
    ],
  });
  expect(documents.map(({ name, key }) => `${name} ${key}`)).toEqual([
    'buyer customer:{id}',
    'order doc:orders:{id}',
  ]);
});

test('where Redis has keys under both, the table is left out, and the file says why', () => {
  const proposal = proposedFor(table('customers'), { keys: ['customer:1', 'doc:customers:7'] });
  expect(proposal.documents).toEqual([]);
  expect(proposal.documentsLeftOut[0]).toMatchObject({
    name: 'customers',
    why: 'Redis has keys under customer:, and Redis has keys under doc:customers:: choose another prefix',
  });
});

test('prefixes of built-in mappings, and Millrace’s own, are nobody else’s', () => {
  expect(keysOf(table('alias') + table('aidb') + table('millrace'))).toEqual([
    'aidb doc:aidb:{id}',
    'alias doc:alias:{id}',
    'millrace doc:millrace:{id}',
  ]);
});

test('no prefix is the beginning of another one', () => {
  expect(keysOf(table('customers') + table('docs'), ['customer:1'])).toEqual([
    'customer doc:customers:{id}',
    'doc doc:docs:{id}',
  ]);
});

test('two tables whose names would be one get two names and two prefixes', () => {
  expect(keysOf(table('user') + table('users') + table('"کاربران"') + table('"سفارش"'))).toEqual([
    'user user:{id}',
    'users doc:users:{id}',
    'table سفارش:{id}',
    'table_2 کاربران:{id}',
  ]);
});

const aliases = 'CREATE TABLE team_aliases (team_id TEXT, alias TEXT);';
const entities = 'CREATE TABLE teams (id INTEGER PRIMARY KEY, name, normalized_name, sport, league);';

test('tables of the built-in mappings are included, not mapped again', () => {
  const { includes, documents, documentsLeftOut } = proposedFor(aliases + entities, {
    keys: ['aidb:model:1', 'alias:team:x', 'entity:team:1'],
  });
  expect(includes).toEqual([
    { name: 'sports-aliases', included: true, why: 'team_aliases' },
    { name: 'sports-entities', included: true, why: 'teams' },
    { name: 'ai-registry', included: true, why: 'Redis has keys aidb:*' },
  ]);
  expect([...documents, ...documentsLeftOut]).toEqual([]);
});

test('tables that only have the names of built-in ones are tables like any other', () => {
  const { includes, documents } = proposedFor(
    'CREATE TABLE team_aliases (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE teams (id INTEGER PRIMARY KEY, title TEXT);',
  );
  expect(includes).toEqual([]);
  expect(documents.map(({ key }) => key)).toEqual(['team_alias:{id}', 'team:{id}']);
});

test('beside included mappings a document has a name that none of these has', () => {
  const { documents } = proposedFor(aliases + entities.replace('league', 'country') + table('models'), {
    keys: ['aidb:model:1'],
  });
  expect(documents.map(({ name, key }) => `${name} ${key}`)).toEqual([
    'models model:{id}',
    'teams team:{id}',
  ]);
});

test('an archive in Postgres is reason enough to include its mapping', () => {
  const tables = new Set([...aiRegistry.values()].map(({ table }) => table));
  const { includes } = proposedFor('', { postgres: { tables, archive: true, mapped: [] } });
  expect(includes).toEqual([{ name: 'ai-registry', included: true, why: 'Postgres has its archive' }]);
  // That of records of the user's own has other tables.
  const own = proposedFor('', { postgres: { tables: new Set(['users']), archive: true, mapped: [] } });
  expect(own.includes).toEqual([]);
});

test('tables of SQLite and of Millrace are neither mapped nor said to be left out', () => {
  const { documents, documentsLeftOut } = proposedFor(
    'CREATE TABLE millrace_changelog (seq INTEGER PRIMARY KEY AUTOINCREMENT)',
  );
  expect(documents).toEqual([]);
  expect(documentsLeftOut).toEqual([]);
});
