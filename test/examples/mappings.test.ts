import Database from 'better-sqlite3';
import { readDocuments } from '../../src/aliases/source/documents/catalogue';
import { DocumentTruth } from '../../src/aliases/source/documents/document-truth';
import { readAsset } from '../../src/foundation/package-root';
import { mappingFile } from '../mapping/file/support';
import { proposedFor } from '../scaffold/support';

const schema = readAsset('examples/mappings/shop.sql');
const { documents } = mappingFile(readAsset('examples/mappings/millrace.yaml'));
const shop = new Database(':memory:');
shop.exec(schema);
afterAll(() => shop.close());

const entries = readDocuments(
  shop,
  documents.map(({ mapping }) => mapping),
);

/** What Redis would hold for a document: by key, without its prefix. */
function heldBy(name: string): Readonly<Record<string, string>> {
  const entry = entries.find(({ mapping }) => mapping.name === name);
  if (entry?.state !== 'served') throw new Error(`${name} is not served`);
  const { mapping, table, columns } = entry;
  const { aliases, values } = new DocumentTruth(shop, mapping, table, columns).walk(undefined, 100);
  return Object.fromEntries(aliases.map((key, at) => [key, values[at] ?? '']));
}

test('every document of the example can be served from the shop of the example', () => {
  expect(entries.filter(({ state }) => state !== 'served')).toEqual([]);
  expect(entries).toHaveLength(6);
});

test('rows, ids by another column, sets, and members with scores are what they seem', () => {
  expect(heldBy('product')).toMatchObject({
    3: '{"id":3,"sku":"PEN-01","name":"Pen","price":1.2,"category":null}',
  });
  expect(heldBy('customer')).toMatchObject({ 1: '{"email":"ada@example.org","name":"Ada","vip":"1"}' });
  expect(heldBy('customer-by-email')).toEqual({ 'ada@example.org': '1', 'bob@example.org': '2' });
  expect(heldBy('category')).toEqual({ clothes: '["2"]', kitchen: '["1"]' });
  expect(heldBy('price-of')).toEqual({ clothes: '[["TEE-01","19.9"]]', kitchen: '[["MUG-01","9.5"]]' });
});

test('an order has its customer, its lines as they are, and what it costs', () => {
  expect(JSON.parse(heldBy('order')['1'] ?? '')).toEqual({
    ...{ id: 1, status: 'paid', customer: 'Ada', total: 31 },
    lines: [
      { sku: 'MUG-01', quantity: 2 },
      { sku: 'PEN-01', quantity: 10 },
    ],
  });
});

test('for the shop of the example, config init proposes a document for each table', () => {
  const proposed = proposedFor(schema).documents.map(({ name, key }) => `${name} ${key}`);
  expect(proposed).toEqual([
    'customer customer:{id}',
    'order_line order_line:{order_id}:{line}',
    'order order:{id}',
    'product product:{id}',
  ]);
});
