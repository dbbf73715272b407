import { Unfit } from './unfit';

/**
 * Splits a flat JSON object into its fields without reading its numbers: Python writes NaN and Infinity, which JSON.parse refuses,
 * and integers past 2^53, which JSON.parse would round. Strings are decoded; null is left out; anything else, nested values too,
 * stays as written. @param written fields whose strings stay as written, too @param what it is, for the reason @throws Unfit
 */
export function parseMember(
  member: Buffer,
  written: ReadonlySet<string> = none,
  what = 'the member of the sorted set',
): ReadonlyMap<string, Buffer> {
  const malformed = () => new Unfit('22P02', undefined, `${what} is not a JSON object`);
  const text = member.toString('utf8');
  const fields = new Map<string, Buffer>();
  const token = /\s*(["{}[\]:,]|[^\s"{}[\]:,]+)/y;
  const next = (): string => {
    const found = token.exec(text)?.[1];
    if (found === undefined) throw malformed();
    if (found !== '"') return found;
    const start = token.lastIndex - 1;
    const end = endOfString(text, token.lastIndex);
    if (end === undefined) throw malformed();
    token.lastIndex = end;
    return text.slice(start, token.lastIndex);
  };
  if (next() !== '{') throw malformed();
  let separator = next();
  if (separator === '}') return finish();
  for (;;) {
    const name = stringIn(separator);
    if (next() !== ':') throw malformed();
    const value = next();
    if (value === '{' || value === '[') {
      const start = token.lastIndex - 1;
      skipNested(next);
      fields.set(name, Buffer.from(text.slice(start, token.lastIndex)));
    } else if (value.startsWith('"') && written.has(name)) fields.set(name, Buffer.from(value));
    else if (value.startsWith('"')) fields.set(name, bytes(name, stringIn(value)));
    else if (/^[\]},:]$/.test(value)) throw malformed();
    else if (value !== 'null') fields.set(name, Buffer.from(value));
    const after = next();
    if (after === '}') return finish();
    if (after !== ',') throw malformed();
    separator = next();
  }

  function stringIn(quoted: string): string {
    const found = decodeString(quoted);
    if (found === undefined) throw malformed();
    return found;
  }

  function finish() {
    if (token.lastIndex !== text.length && text.slice(token.lastIndex).trim() !== '') throw malformed();
    return fields;
  }
}

const none: ReadonlySet<string> = new Set();

/** undefined: it is no string of JSON. */
function decodeString(token: string): string | undefined {
  try {
    const value: unknown = JSON.parse(token);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Where a string that has begun before `from` ends; undefined: nowhere. No regular expression: its stack would overflow with megabytes. */
function endOfString(text: string, from: number): number | undefined {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return undefined;
}

/** The bytes of a string. @throws Unfit for a lone surrogate, which would silently become U+FFFD */
function bytes(column: string, value: string): Buffer {
  if (/\p{Surrogate}/u.test(value)) throw new Unfit('22P02', column, 'holds half of a surrogate pair');
  return Buffer.from(value, 'utf8');
}

function skipNested(next: () => string): void {
  for (let depth = 1; depth > 0;) {
    const token = next();
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
  }
}
