import { join } from 'node:path';
import { packageRoot } from '../../src/foundation/package-root';
import { schemaFrom } from '../../src/scaffold/schema';

test('in a checkout, or in a project that has Millrace installed, the schema is found without a network', () => {
  expect(schemaFrom(packageRoot)).toBe('./mappings/millrace.schema.json');
});

test.each([join(packageRoot, 'deploy'), join(packageRoot, '..', 'elsewhere'), join(packageRoot, 'src')])(
  'from %s it is found by its URL',
  (folder) => {
    expect(schemaFrom(folder)).toMatch(/^https:\/\/\S+\/mappings\/millrace\.schema\.json$/);
  },
);
