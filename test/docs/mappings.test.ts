import Database from 'better-sqlite3';
import { readAsset } from '../../src/foundation/package-root';
import { mappingsOf, problemLine } from '../../src/config/mappings';
import { aiRegistry } from '../../src/mapping/ai-registry';
import type { DocumentMapping } from '../../src/mapping/documents';
import { documentWords } from '../../src/mapping/file/documents-section';
import { recordWords } from '../../src/mapping/file/records/records-section';
import { recordTypes } from '../../src/mapping/record-forms';
import { fileWords, includable } from '../../src/mapping/file/mapping-file';

const text = readAsset('docs/11-mappings.md');
const blocks = (language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, block = '']) => block);
const examples = blocks('yaml');

function documentsOf(example: string): readonly DocumentMapping[] {
  const read = mappingsOf(example, 'example', { aliasTables: undefined, catalogue: aiRegistry });
  if ('problems' in read) throw new Error(read.problems.map(problemLine).join('\n'));
  return read.documents;
}

test('docs/11-mappings.md explains every word, and its examples are files that are taken', () => {
  expect(examples.length).toBeGreaterThanOrEqual(4);
  for (const word of [...fileWords, ...documentWords, ...recordWords, ...recordTypes, ...includable])
    expect(text).toContain(`\`${word}\``);
  for (const word of ['none', 'parents', 'on_delete', 'hash', 'json'])
    expect(examples.join('\n')).toContain(`${word}: `);
  for (const word of documentWords) expect(examples.join('\n')).toContain(`${word}: `);
  expect(examples.flatMap(documentsOf).length).toBeGreaterThan(8);
});

describe('with the tables of the document', () => {
  const db = new Database(':memory:');
  beforeAll(() => db.exec(blocks('sql').join('\n')));
  afterAll(() => db.close());

  const columnsOf = (table: string): readonly string[] =>
    db
      .prepare<[string], { name: string; pk: number }>('SELECT name, pk FROM pragma_table_info(?)')
      .all(table)
      .map(({ name }) => name);
  const keyOf = (table: string): readonly string[] =>
    db
      .prepare<[string], string>('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
      .pluck()
      .all(table);
  const over = (columns: readonly string[], select: string) =>
    db.prepare(`WITH keys(${columns.join()}) AS (SELECT ${columns.map(() => '1').join()}) ${select}`);

  test.each(examples.flatMap(documentsOf).map((document) => [document.name, document] as const))(
    'the example %s is SQL that SQLite takes, with its columns',
    (_name, { rows, key, form, watch }) => {
      const columns = key.parts.map(({ column }) => column);
      const yields =
        'sql' in rows
          ? over(columns, rows.sql)
              .columns()
              .map(({ name }) => name)
          : [...columnsOf(rows.table)];
      const used =
        'fields' in form
          ? form.fields.map(({ column }) => column)
          : 'column' in form
            ? [form.column]
            : [form.member, form.score];
      expect(yields).toEqual(expect.arrayContaining([...columns, ...used]));
      if ('table' in rows && !('sql' in rows) && rows.where !== undefined)
        db.prepare(`SELECT 1 FROM ${rows.table} WHERE ${rows.where}`);
      for (const { table, by, select } of watch) {
        expect(columnsOf(table)).toEqual(expect.arrayContaining([...by]));
        if (select !== undefined)
          expect(over(by.length === 0 ? keyOf(table) : by, select).columns()).toHaveLength(columns.length);
      }
    },
  );
});
