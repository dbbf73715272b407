import type { KeyTemplate } from './documents';

/** A template, taken apart: a literal, then holes with literals between them. A hole is what stands in braces. */
export interface SplitTemplate {
  readonly prefix: string;
  readonly holes: readonly { readonly inside: string; readonly after: string }[];
}

const maxCharacters = 256;

/** Takes a key template apart; it may have no hole. Returns a sentence that says what is wrong with it otherwise. */
export function splitTemplate(text: string): SplitTemplate | string {
  if (text.length > maxCharacters) return `a key template has ${maxCharacters} characters at the most`;
  if (/\p{Cc}/u.test(text)) return 'a key template has no line breaks or control characters';
  const [prefix = '', ...pieces] = text.split('{');
  const holes = pieces.map((piece) => {
    const [inside = '', ...after] = piece.split('}');
    return { inside: inside.trim(), after: after.join('}'), closed: after.length };
  });
  if (prefix.includes('}') || holes.some(({ closed }) => closed !== 1))
    return `"${text}" has a { or } too many: they stand around a placeholder, and for nothing else`;
  if (prefix === '')
    return `"${text}" begins with a placeholder: keys need a beginning of their own, as in "team:{id}"`;
  if (holes.some(({ inside }) => inside === '')) return `"${text}" has a placeholder without a name: {}`;
  const touching = holes.findIndex(({ after }, at) => after === '' && at < holes.length - 1);
  if (touching >= 0)
    return `{${holes[touching]?.inside}}{${holes[touching + 1]?.inside}}: between two placeholders there must be something, or nobody could tell where one ends`;
  return { prefix, holes: holes.map(({ inside, after }) => ({ inside, after })) };
}

/** The key template of a document, whose placeholders are columns. Returns a sentence that says what is wrong with it otherwise. */
export function parseTemplate(text: string): KeyTemplate | string {
  const split = splitTemplate(text);
  if (typeof split === 'string') return split;
  const columns = split.holes.map(({ inside }) => inside);
  if (columns.length === 0)
    return `"${text}" names no column, so all rows would have the same key: write one in braces, as in "team:{id}"`;
  const typed = columns
    .map((column) => /^(.+?)\s*:\s*(?:int|text)$/.exec(column))
    .find((one) => one !== null);
  if (typed) return `{${typed[0]}}: a document's key takes no type: write {${typed[1]}}`;
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  if (twice !== undefined) return `"${text}" names {${twice}} twice`;
  return {
    text,
    prefix: split.prefix,
    parts: split.holes.map(({ inside, after }) => ({ column: inside, after })),
  };
}

export type Rendered = { readonly name: string } | { readonly why: string };

/**
 * The name of a key: what comes behind the prefix. A row has none if it would not be parsed into the same parts again, for two rows could
 * then have one key.
 * @param parts the values of the template's columns as text
 */
export function renderName({ parts: holes }: KeyTemplate, parts: readonly string[]): Rendered {
  let name = '';
  for (const [at, { column, after }] of holes.entries()) {
    const part = parts[at] ?? '';
    if (at < holes.length - 1 && (part + after).indexOf(after) < part.length)
      return { why: `${column} contains "${after}", which ends it in the key` };
    name += part + after;
  }
  return { name };
}

/** The parts of a name, each as short as can be; undefined: no row can have this name. */
export function parseName({ parts: holes }: KeyTemplate, name: string): readonly string[] | undefined {
  const parts: string[] = [];
  let from = 0;
  for (const [at, { after }] of holes.entries()) {
    const last = at === holes.length - 1;
    const end = last ? name.length - after.length : name.indexOf(after, from);
    if (end < from || (last && !name.endsWith(after))) return undefined;
    parts.push(name.slice(from, end));
    from = end + after.length;
  }
  return parts;
}
