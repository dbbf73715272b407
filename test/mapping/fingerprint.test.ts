import { documentFingerprint, fingerprint, setFingerprint } from '../../src/mapping/fingerprint';
import { firstDocument } from './file/support';

const hashOf = (document: string): string =>
  documentFingerprint(firstDocument(`version: 1\ndocuments:\n  d:\n    ${document}\n`));

const card = (sql: string, watch: string) => `{ key: "c:{id}", hash: [a], sql: ${sql}, watch: { ${watch} } }`;
const select = 'SELECT id FROM t WHERE id IN keys';

test('how a document is written does not matter: order of words, quotes, layout, comments', () => {
  const hash = hashOf('{ from: t, key: "t:{id}", json: [a, b], ttl: 10 }');
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(hashOf(`ttl: 10 # seconds\n    json:\n      - 'a'\n      - b\n    key: 't:{id}'\n    from: t`)).toBe(
    hash,
  );
  expect(hashOf('{ from: t, key: "t:{id}", json: { a: a, b: b }, ttl: 10 }')).toBe(hash);
});

test('fields of a hash and watched tables have no order', () => {
  expect(hashOf('{ from: t, key: "t:{id}", hash: [a, b] }')).toBe(
    hashOf('{ from: t, key: "t:{id}", hash: [b, a] }'),
  );
  expect(hashOf(card(select, 't: id, u: x'))).not.toBe(hashOf(card(select, 'u: x, t: id')));
  expect(hashOf(card(select, `t: id, u: x, v: ${select}`))).toBe(
    hashOf(card(select, `t: id, v: ${select}, u: x`)),
  );
});

test('whatever changes what keys hold, or which there are, is another document', () => {
  const all = [
    '{ from: t, key: "t:{id}", json: [a, b] }',
    '{ from: t, key: "t:{id}", json: [b, a] }',
    '{ from: t, key: "t:{id}", json: { a: b } }',
    '{ from: t, key: "t:{id}", json: { a: { column: b, type: json } } }',
    '{ from: t, key: "t:{id}", hash: [a, b] }',
    '{ from: t, key: "t:{id}", json: [a, b], ttl: 1 }',
    '{ from: t, key: "t:{id}", json: [a, b], where: "a" }',
    '{ from: t, key: "u:{id}", json: [a, b] }',
    '{ from: t, key: "t:{a}", json: [a, b] }',
    '{ from: u, key: "t:{id}", json: [a, b] }',
    '{ from: t, key: "t:{id}", json: [a, b], watch: { u: x } }',
    card(select, 't: id'),
    card(select, 't: x'),
    card(`${select} AND a`, 't: id'),
  ].map(hashOf);
  expect(new Set(all).size).toBe(all.length);
});

test('a value is what it says: order of keys and undefined mean nothing, order of lists does', () => {
  expect(fingerprint({ b: [1, { y: null, x: undefined }], a: '1' })).toBe(
    fingerprint({ a: '1', b: [1, { y: null }] }),
  );
  expect(fingerprint([1, 2])).not.toBe(fingerprint([2, 1]));
  expect(fingerprint({ a: 1 })).not.toBe(fingerprint({ a: '1' }));
  expect(fingerprint({ a: { b: 1 } })).not.toBe(fingerprint({ a: {}, b: 1 }));
});

test('of all together, by name', () => {
  expect(setFingerprint({ a: '1', b: '2' })).toBe(setFingerprint({ b: '2', a: '1' }));
  expect(setFingerprint({ a: '1', b: '2' })).not.toBe(setFingerprint({ a: '2', b: '1' }));
});
