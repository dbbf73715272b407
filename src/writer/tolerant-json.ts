/** What JSON text may hold; as Python writes it, NaN and Infinity too. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Strings (to be skipped), or one of the tokens that only Python writes. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity|NaN/gs;

/** Parses JSON that may hold Python's NaN, Infinity and -Infinity. @throws SyntaxError */
export function parsePythonJson(text: string): Json {
  if (!/NaN|Infinity/.test(text)) return JSON.parse(text) as Json;
  let mark = '\u0001';
  while (text.includes(JSON.stringify(mark).slice(1, -1)) || text.includes(mark)) mark += '\u0001';
  const marked = text.replace(tokens, (token) =>
    token.startsWith('"') ? token : JSON.stringify(mark + token),
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? Number(value.slice(mark.length)) : value,
  ) as Json;
}

/** The same for reading: text that is no JSON comes back as the text it is. */
export function readJson(text: string): Json {
  try {
    return parsePythonJson(text);
  } catch {
    return text;
  }
}
