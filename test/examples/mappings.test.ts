import Database from 'better-sqlite3';
import { quoteIdentifier } from '../../src/aliases/source/identifiers';
import { readAsset } from '../../src/foundation/package-root';
import type { DocumentMapping } from '../../src/mapping/documents';
import { proposedFor } from '../scaffold/support';
import { mappingFile } from '../mapping/file/support';

const schema = readAsset('examples/mappings/shop.sql');
const { documents } = mappingFile(readAsset('examples/mappings/millrace.yaml'));
const shop = new Database(':memory:');
shop.exec(schema);
afterAll(() => shop.close());

const mapped = new Map(documents.map(({ mapping }) => [mapping.name, mapping]));
const documentNamed = (name: string): DocumentMapping => {
  const mapping = mapped.get(name);
  if (mapping === undefined) throw new Error(`the example has no document ${name}`);
  return mapping;
};

/** Runs a SELECT of the file for some keys, which have one column. */
const rowsFor = (sql: string, keys: readonly number[]): unknown[] =>
  shop.prepare(`WITH keys(key) AS (SELECT value FROM json_each(?)) ${sql}`).all(JSON.stringify(keys));

test.each([...mapped.keys()])(
  'the tables and columns of the example’s document %s are in the shop',
  (name) => {
    const { key, rows, watch } = documentNamed(name);
    for (const { table } of watch)
      expect(shop.prepare(`SELECT * FROM ${quoteIdentifier(table)}`).all()).not.toEqual([]);
    const found =
      'sql' in rows
        ? rowsFor(rows.sql, [1, 2, 3])
        : shop.prepare(`SELECT * FROM ${quoteIdentifier(rows.table)} WHERE ${rows.where ?? 1}`).all();
    expect(found.length).toBeGreaterThan(1);
    for (const { column } of key.parts) expect(found[0]).toHaveProperty(column);
  },
);

test('the order of the example has its customer, its lines and what it costs', () => {
  const { rows } = documentNamed('order');
  expect('sql' in rows && rowsFor(rows.sql, [1])).toEqual([
    {
      ...{ id: 1, status: 'paid', customer: 'Ada', total: 31 },
      lines: '[{"sku":"MUG-01","quantity":2},{"sku":"PEN-01","quantity":10}]',
    },
  ]);
});

test('a change of a customer or a product concerns the orders that show it', () => {
  const { watch } = documentNamed('order');
  const concerned = (table: string, id: number) => {
    const select = watch.find((one) => one.table === table)?.select;
    return select === undefined
      ? []
      : rowsFor(select, [id]).flatMap((row) => Object.values<unknown>(row as Record<string, unknown>));
  };
  expect(concerned('customers', 1)).toEqual([1, 2]);
  expect(concerned('products', 1)).toEqual([1, 3]);
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
