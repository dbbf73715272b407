import { defaultMappings } from '../../../src/mapping/alias-tables';
import { documentKeyspace } from '../../../src/mapping/documents';
import { builtInDocuments } from '../../../src/mapping/file/built-in';

test('the alias tables are those of the file', () => {
  expect(defaultMappings).toEqual(
    ['team', 'player', 'league', 'market'].map((type) => ({
      type,
      table: `${type}_aliases`,
      idColumn: `${type}_id`,
      aliasColumn: 'alias',
    })),
  );
});

test('the entities of the alias service: an object each, with the columns that it writes', () => {
  const entities = builtInDocuments('sports-entities').map((document) => ({
    name: document.name,
    rows: document.rows,
    ...documentKeyspace(document),
    fields: document.form.type === 'json' ? document.form.fields.map(({ name }) => name) : [],
  }));
  const own = [['team', 'league'], ['player', 'team'], ['league', 'country'], ['market']] as const;
  expect(entities).toEqual(
    own.map(([type, ...more]) => ({
      name: `entity-${type}`,
      rows: { table: `${type}s`, where: undefined },
      prefix: `entity:${type}:`,
      holds: 'string',
      ttl: undefined,
      fields: ['id', 'name', 'normalized_name', 'sport', ...more],
    })),
  );
});
