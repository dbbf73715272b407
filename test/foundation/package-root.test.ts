import { readAsset, readSql } from '../../src/foundation/package-root';

test('what is sent of a SQL file is its statement: a comment may name what is filled in, which may have several lines', () => {
  const path = 'src/archive/warm/sql/chosen-counts.sql';
  expect(readAsset(path)).toMatch(/^-- .*\{chosen\}/m);
  expect(readSql(path)).toMatch(/^WITH chosen AS \(\{chosen\}\)\nSELECT/);
  expect(readSql(path)).not.toContain('--');
});
