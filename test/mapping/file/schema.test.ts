import { parse } from 'yaml';
import { z } from 'zod';
import { readAsset } from '../../../src/foundation/package-root';
import { documentWords } from '../../../src/mapping/file/documents-section';
import { recordWords } from '../../../src/mapping/file/records/records-section';
import { fileWords, includable, readMappingFile } from '../../../src/mapping/file/mapping-file';

type Schema = Exclude<Parameters<typeof z.fromJSONSchema>[0], boolean>;

/** What editors check a file by. */
const schema = JSON.parse(readAsset('mappings/millrace.schema.json')) as Schema;
const form = z.fromJSONSchema(schema);

const wordsOf = (one: unknown): string[] =>
  Object.keys((one as { readonly properties?: object } | undefined)?.properties ?? {}).sort();

test('the schema has the words that the reader knows, and no others', () => {
  expect(wordsOf(schema)).toEqual([...fileWords].sort());
  expect(wordsOf(schema.$defs?.['document'])).toEqual([...documentWords].sort());
  expect(wordsOf(schema.$defs?.['record'])).toEqual([...recordWords].sort());
  expect(schema.properties?.['include']).toMatchObject({ items: { enum: includable } });
});

test('each object of the schema knows its words: another one is underlined', () => {
  let objects = 0;
  const look = (one: unknown): void => {
    if (typeof one !== 'object' || one === null) return;
    if ('properties' in one) {
      objects++;
      expect(one).toMatchObject({ type: 'object', additionalProperties: false });
    }
    // What allOf says of a document is about words that are there anyway.
    for (const [key, inner] of Object.entries(one)) if (key !== 'allOf') look(inner);
  };
  look(schema);
  expect(objects).toBe(11);
});

test('what the registry is shipped as has the form that the schema describes', () => {
  expect(form.safeParse(parse(readAsset('mappings/ai-registry.yaml'))).error).toBeUndefined();
});

const document = (words: string): string => `version: 1\ndocuments: { d: { ${words} } }`;
const record = (words: string): string =>
  `version: 1\nrecords: { r: { key: "r:{id:int}", table: t, ${words} } }`;
const select = 'sql: SELECT id FROM t WHERE id IN keys';

test.each([
  readAsset('mappings/sports-aliases.yaml'),
  readAsset('mappings/sports-entities.yaml'),
  ...[...readAsset('docs/11-mappings.md').matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, block = '']) => block),
  'version: 1\ninclude: []\ndocuments:\n',
  document(
    'from: t, key: "x:{a}:{b}:", json: { f: a, g: { column: b, type: json }, h: { column: c } }, ttl: 2000000000',
  ),
  document(
    `${select}, key: "t:{id}", zset: { member: a, score: b }, watch: { t: id, u: { by: [a, b], select: WITH x AS (SELECT 1 FROM keys) SELECT 1 } }`,
  ),
  record('hash: { a: text, b: int, c: int }, unique: [a, [b, c]]'),
  record('hash: { a: text }, unique: a'),
  record('hash: { at: time! }, identity: [id, at]'),
  record('json: { a: text, b: { field: c, type: json! } }'),
  record(
    'hash: { a: text, b: { type: int! }, c: { field: d, type: bytes, none: "-" } }, none: 0, on_delete: mark',
  ),
])('schema and reader take %j', (text) => {
  expect(readMappingFile(text, 'm.yaml')).toHaveProperty('documents');
  expect(form.safeParse(parse(text)).error).toBeUndefined();
});

test.each([
  'include: []',
  'version: 2',
  'version: "1"',
  'version: 1\ninclude: [sports]',
  'version: 1\ndocuments: []',
  'version: 1\ndocuments: { "a b": { from: t, key: "t:{id}", set: a } }',
  document('from: t, key: "t:{id}"'),
  document('from: t, set: a'),
  document('key: "t:{id}", set: a'),
  document('from: t, key: "{id}", set: a'),
  document('from: t, key: "t:{id}{a}", set: a'),
  document('from: t, key: "t", set: a'),
  document('from: t, key: "t:{id}", set: a, hash: [b]'),
  document('from: t, key: "t:{id}", set: [a]'),
  document('from: t, key: "t:{id}", json: []'),
  document('from: t, key: "t:{id}", json: [a, a]'),
  document('from: t, key: "t:{id}", json: { a: { column: b, type: int } }'),
  document('from: t, key: "t:{id}", zset: { member: a }'),
  document('from: t, key: "t:{id}", set: a, ttl: -1'),
  document('from: t, key: "t:{id}", set: a, ttl: 1.5'),
  document('from: t, key: "t:{id}", set: a, watch: {}'),
  document('from: t, key: "t:{id}", set: a, watch: { u: { by: a } }'),
  document(`${select}, key: "t:{id}", set: a`),
  document(`${select}, from: t, watch: { t: id }, key: "t:{id}", set: a`),
  document('sql: DELETE FROM keys, watch: { t: id }, key: "t:{id}", set: a'),
  record('hash: {}'),
  record('hash: { a: string }'),
  record('hash: { a: { field: b } }'),
  record('hash: { a: text }, json: { a: text }'),
  record('json: { a: txt }'),
  record('hash: { a: text }, unique: []'),
  record('hash: { a: text }, unique: 1'),
  record('none: 0'),
  record('hash: { a: text }, on_delete: drop'),
  record('hash: { a: text }, none: []'),
  record('hash: { a: text }, parents: { b: { record: c, id: d } }'),
  'version: 1\nrecords: { r: { key: "r:{id}", hash: { a: text } } }',
  'version: 1\nrecords: { r: { key: "r:{id}", table: a.b, hash: { a: text } } }',
  'version: 1\nrecords: { r-: { key: "r:{id}", table: t, hash: { a: text } } }',
])('schema and reader refuse %j', (text) => {
  expect(readMappingFile(text, 'm.yaml')).toHaveProperty('problems');
  expect(form.safeParse(parse(text)).success).toBe(false);
});
