import fc from 'fast-check';
import { stringify } from 'yaml';
import { documentWords } from '../../../src/mapping/file/documents-section';
import { fileWords, readMappingFile } from '../../../src/mapping/file/mapping-file';

/** Reads it: whatever it is, it is taken, or refused for something that is in it. */
function look(text: string): 'taken' | 'refused' {
  const read = readMappingFile(text, 'any.yaml');
  if (!('problems' in read)) return 'taken';
  const lines = text.split(/\r\n|\n|\r/).length;
  expect(read.problems.length).toBeGreaterThan(0);
  for (const { line, column, message } of read.problems) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines + 1);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(message).not.toBe('');
  }
  return 'refused';
}

const right = `version: 1
include: [sports-aliases]
documents:
  card:
    key: "card:{id}"
    hash: { name: name, league: l }
    sql: |
      SELECT id FROM t WHERE id IN keys
    watch: { t: id, u: [x] }
  by: { from: t, key: 'by:{a}', zset: { member: m, score: s } } # more
`;

test('a file in which something was struck out, put in or written twice is taken or refused, and never more', () => {
  const seen = { taken: 0, refused: 0 };
  const put = fc.constantFrom(
    '',
    ' ',
    '\t',
    '\n',
    ':',
    '-',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '!t ',
    '"',
    "'",
    '|',
    '%',
    '#',
    '\u2028',
    '\0',
    '---\n',
  );
  const edit = fc.record({ at: fc.nat(right.length), length: fc.nat(12), put, twice: fc.boolean() });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      let text = right;
      for (const { at, length, put, twice } of edits)
        text =
          text.slice(0, at) +
          put +
          (twice ? text.slice(at, at + length) : '') +
          text.slice(twice ? at : at + length);
      seen[look(text)]++;
    }),
    { numRuns: 1_000 },
  );
  expect(seen.taken).toBeGreaterThan(5);
  expect(seen.refused).toBeGreaterThan(300);
});

test('so is any structure under the words of the file', () => {
  const seen = { taken: 0, refused: 0 };
  const scalar = fc.oneof(
    fc.constantFrom('id', 't', 'SELECT id FROM keys', 'k:{id}', '', 1, -1, 0.5, true, null),
    fc.string(),
  );
  const anything = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(fc.constantFrom(...documentWords), fc.string()), tie('value'), { maxKeys: 5 }),
    ),
  })).value;
  const document = fc.dictionary(fc.constantFrom(...documentWords), anything, { maxKeys: 6 });
  const documents = fc.dictionary(fc.constantFrom('a', 'b', 'c d'), fc.oneof(document, anything), {
    maxKeys: 2,
  });
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...fileWords), fc.oneof(documents, anything), { maxKeys: 4 }),
      (file) => {
        seen[look(stringify({ version: 1, ...file }))]++;
      },
    ),
    { numRuns: 1_000 },
  );
  expect(seen.refused).toBeGreaterThan(500);
});
