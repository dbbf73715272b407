import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { defineMappings } from '../../src/library/define-mappings';
import { type MillraceOptions, settleOptions } from '../../src/library/options';
import type { MappingsDefinition } from '../../src/mapping/file/definition';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const stores = { dbPath: 'shop.db', postgresUrl: 'postgresql://localhost/shop' };

const shop = defineMappings({
  include: ['sports-entities'],
  documents: {
    product: {
      from: 'products',
      key: 'product:{id}',
      json: { id: 'id', tags: { column: 'tags', type: 'json' } },
    },
    card: {
      key: 'card:{id}',
      hash: ['name', 'category'],
      ttl: 60,
      sql: 'SELECT p.id, p.name, c.name AS category FROM products p JOIN categories c ON c.id = p.category_id WHERE p.id IN keys',
      watch: {
        products: 'id',
        categories: { by: 'id', select: 'SELECT id FROM products WHERE category_id IN keys' },
      },
    },
  },
  records: {
    user: {
      key: 'user:{id:int}',
      table: 'users',
      hash: { email: 'text!', plan: { field: 'tier', type: 'text' } },
    },
  },
});

test('mappings that are given as an object are those of a file that says the same', () => {
  const config = join(folder, 'shop.yaml');
  writeFileSync(config, stringify({ version: 1, ...shop }));
  const [given, read] = [{ mappings: shop }, { config }].map(
    (one) => settleOptions({ ...stores, ...one }, {}).config,
  );
  expect(given?.documents.map(({ name }) => name)).toContain('card');
  expect([...(given?.catalogue.keys() ?? [])]).toEqual(['user']);
  expect(given).toEqual({ ...read, mappingsFile: undefined });
});

test('what is wrong with them is listed with everything else', () => {
  const wrong = { documents: { card: { from: 'cards', key: 'card', json: ['id'], tll: 3 } } };
  const options: MillraceOptions = {
    ...stores,
    interval: -1,
    mappings: wrong,
  };
  const settling = () => settleOptions(options, {});
  expect(settling).toThrow(/mappings: documents\.card\.tll: .*did you mean ttl/);
  expect(settling).toThrow(/mappings: documents\.card\.key/);
  expect(settling).toThrow(/interval/);
  expect(() => settleOptions({ ...stores, mappings: 'x' as unknown as MappingsDefinition }, {})).toThrow(
    'mappings must be an object',
  );
});

test('the compiler knows the words', () => {
  // @ts-expect-error -- no form of a value
  defineMappings({ documents: { card: { from: 'cards', key: 'card:{id}' } } });
  // @ts-expect-error -- neither a table nor a SELECT
  defineMappings({ documents: { card: { key: 'card:{id}', json: ['id'] } } });
  // @ts-expect-error -- no such mapping is built in
  defineMappings({ include: ['sport-aliases'] });
  expect(defineMappings({ include: ['sports-aliases'] }).include).toEqual(['sports-aliases']);
});
