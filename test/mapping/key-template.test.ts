import fc from 'fast-check';
import type { KeyTemplate } from '../../src/mapping/documents';
import { parseName, parseTemplate, renderName, splitTemplate } from '../../src/mapping/key-template';

function template(text: string): KeyTemplate {
  const parsed = parseTemplate(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

test('a template is a literal, then columns with literals between them', () => {
  expect(template('x:{a}:{b c}/')).toEqual({
    text: 'x:{a}:{b c}/',
    prefix: 'x:',
    parts: [
      { column: 'a', after: ':' },
      { column: 'b c', after: '/' },
    ],
  });
  expect(splitTemplate('orders')).toEqual({ prefix: 'orders', holes: [] });
  expect(splitTemplate('user:{id:int}:{rest*}')).toEqual({
    prefix: 'user:',
    holes: [
      { inside: 'id:int', after: ':' },
      { inside: 'rest*', after: '' },
    ],
  });
});

test.each([
  ['{id}', 'begins with a placeholder'],
  ['', 'begins with a placeholder'],
  ['team:{a}{b}', '{a}{b}: between two placeholders'],
  ['team:{a', 'a { or } too many'],
  ['team:a}', 'a { or } too many'],
  ['te}am:{a}', 'a { or } too many'],
  ['team:{{a}}', 'a { or } too many'],
  ['team:{}', 'without a name'],
  ['team:{ }', 'without a name'],
  ['team:{a}:{a}', 'names {a} twice'],
  ['teams', 'names no column'],
  ['team:\n{a}', 'no line breaks'],
  [`team:${'x'.repeat(260)}{a}`, '256 characters at the most'],
])('%j is refused: %s', (text, why) => {
  expect(parseTemplate(text)).toContain(why);
});

test('a column in the middle that contains what ends it has no name, be it together with the literal', () => {
  expect(renderName(template('x:{a}:{b}'), ['5', 'y:z'])).toEqual({ name: '5:y:z' });
  expect(renderName(template('x:{a}:{b}'), ['5:6', 'y'])).toEqual({
    why: 'a contains ":", which ends it in the key',
  });
  // `5:` and `::` are `5:::`, which is read as `5` and `:…`.
  expect(renderName(template('x:{a}::{b}'), ['5:', 'y'])).toEqual({
    why: 'a contains "::", which ends it in the key',
  });
  expect(renderName(template('x:{a}:end'), ['5:end'])).toEqual({ name: '5:end:end' });
});

test('a name that no row can have is none', () => {
  expect(parseName(template('x:{a}:{b}'), '5')).toBeUndefined();
  expect(parseName(template('x:{a}:end'), '5')).toBeUndefined();
  expect(parseName(template('x:{a}::{b}:'), '5::')).toBeUndefined();
});

// Few characters, so that parts contain literals and their beginnings.
const some = fc.string({ unit: fc.constantFrom('a', ':', '-'), maxLength: 5 });
const literal = fc.string({ unit: fc.constantFrom(':', '-'), minLength: 1, maxLength: 3 });
const templates = fc
  .tuple(fc.array(literal, { maxLength: 3 }), fc.oneof(literal, fc.constant('')))
  .map(([between, last]) =>
    template(`x:${[...between, last].map((after, at) => `{c${at}}${after}`).join('')}`),
  );

test('what was rendered is parsed into the same parts, whatever they contain', () => {
  let refused = 0;
  let rendered = 0;
  fc.assert(
    fc.property(
      templates.chain((one) =>
        fc.tuple(
          fc.constant(one),
          fc.array(some, { minLength: one.parts.length, maxLength: one.parts.length }),
        ),
      ),
      ([one, parts]) => {
        const name = renderName(one, parts);
        if ('why' in name) {
          refused++;
          // Nothing is refused without need.
          const bare = parts.map((part, at) => part + (one.parts[at]?.after ?? '')).join('');
          expect(parseName(one, bare)).not.toEqual(parts);
        } else {
          rendered++;
          expect(parseName(one, name.name)).toEqual(parts);
        }
      },
    ),
    { numRuns: 2_000 },
  );
  expect(refused).toBeGreaterThan(100);
  expect(rendered).toBeGreaterThan(100);
});

test('a name that is parsed is rendered as itself', () => {
  fc.assert(
    fc.property(
      templates,
      fc.string({ unit: fc.constantFrom('a', ':', '-'), maxLength: 12 }),
      (one, name) => {
        const parts = parseName(one, name);
        if (parts !== undefined) expect(renderName(one, parts)).toEqual({ name });
      },
    ),
    { numRuns: 2_000 },
  );
});
