import { parsePythonJson } from '../../writer/tolerant-json';

/** The tokens that matter: strings, numbers that only Python writes, and the signs that tell where in the text one is. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity|NaN|[{}[\],:]/gs;
/** How much of a place is told, in characters. */
const longestPlace = 120;
/** How long a text may be, in characters, to be searched: for a longer one the search, which nothing interrupts, would take seconds. */
const longestSearched = 1_000_000;

/** An object or an array that is open. */
interface Open {
  readonly kind: '{' | '[';
  /** Where the search is inside it: at a key, as it is written, or at an index. */
  at: string | number;
}

/**
 * Finds the first NaN, Infinity or -Infinity, which only Python writes, in a JSON text, and its place as a path: `$.scores[2]`.
 * Undefined if there is none, if something else is wrong with the text, and if it is too long to be searched.
 */
export function findPythonNumber(
  text: string,
): { readonly token: string; readonly place: string } | undefined {
  if (text.length > longestSearched || !/NaN|Infinity/.test(text)) return undefined;
  try {
    parsePythonJson(text);
  } catch {
    return undefined;
  }
  const open: Open[] = [];
  for (const [token] of text.matchAll(tokens)) {
    const inner = open.at(-1);
    if (token === '{') open.push({ kind: '{', at: '' });
    else if (token === '[') open.push({ kind: '[', at: 0 });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',') {
      if (typeof inner?.at === 'number') inner.at++;
    } else if (token.startsWith('"')) {
      // In an object the last string before a value is the value's key.
      if (inner?.kind === '{') inner.at = token;
    } else if (token !== ':') return { token, place: placeOf(open) };
  }
  return undefined;
}

const placeOf = (open: readonly Open[]): string =>
  `$${open.map(({ at }) => (typeof at === 'number' ? `[${at}]` : step(at))).join('')}`.slice(0, longestPlace);

const step = (key: string): string => (/^"\w+"$/.test(key) ? `.${key.slice(1, -1)}` : `[${key}]`);
