import { builtInDocuments } from '../../../src/mapping/file/built-in';
import { writeDocuments } from '../../../src/mapping/file/write-documents';
import { mappingFile } from './support';

const documents = mappingFile(`version: 1
documents:
  one: { from: t, key: "one:{id}", json: [id, "null"] }
  two: { from: "true", key: "two:{a}:{b}/x", hash: { 9: nine, a: "1", "": b }, ttl: 5, where: "a = 'x: # y'" }
  three: { from: t, key: "three:{id}", json: { b: x, a: { column: y, type: json } }, watch: { t: SELECT id FROM keys, u: z } }
  four:
    key: "four:{a}:{b}"
    zset: { member: m, score: s }
    sql: |
      SELECT a, b, m, s
        FROM t -- "quoted": 'text'

      WHERE (a, b) IN keys
    watch: { 7: [a, b], u: { by: c, select: SELECT a FROM keys }, v: { by: [d, e], select: SELECT a FROM keys } }
  five: { from: t, key: "five:{id}", string: "\\u2028 é" }
  six: { from: t, key: "six:{id}", set: a, where: "a =\\t1\\nAND b" }
`).documents.map(({ mapping }) => mapping);

const written = (all: typeof documents, include: readonly string[] = []) =>
  writeDocuments(
    all.map((document) => ({ document, from: 'x.yaml' })),
    include,
  );

test('documents that are written are the same when they are read', () => {
  const all = [...documents, ...builtInDocuments('sports-aliases'), ...builtInDocuments('sports-entities')];
  const read = mappingFile(written(all, ['ai-registry']));
  expect(read.include).toEqual(['ai-registry']);
  expect(read.documents.map(({ mapping }) => mapping)).toEqual(all);
  expect(read.documents.map(({ mapping }) => JSON.stringify(mapping))).toEqual(
    all.map((one) => JSON.stringify(one)),
  );
});

test('they are written as people write them', () => {
  expect(written(documents.slice(0, 1))).toBe(`version: 1
documents:
  # x.yaml
  one:
    from: t
    key: one:{id}
    json: [id, "null"]
`);
  expect(written([])).toBe('version: 1\n');
  expect(written(documents)).not.toContain('\t');
});
