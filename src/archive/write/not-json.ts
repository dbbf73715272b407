import { parsePythonJson } from '../../writer/tolerant-json';

/** Strings, what Python alone writes, and what says where one is. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity|NaN|[{}[\],:]/gs;
/** What is told of a place, in characters. */
const longestPlace = 120;
/** In characters. Nobody looks through a longer text by hand, and the search, which nothing interrupts, would take seconds. */
const longestSearched = 1_000_000;

/** An object or an array that is open. */
interface Open {
  readonly kind: '{' | '[';
  /** Where we are in it: a key, as it is written, or an index. */
  at: string | number;
}

/**
 * The first of Python's NaN, Infinity and -Infinity in a JSON text, and its place as a path: `$.scores[2]`; undefined where there is
 * none, where more is wrong with it than that, and in a text that is too long to be searched.
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
      // The value comes after its key: the last string before anything else is one.
      if (inner?.kind === '{') inner.at = token;
    } else if (token !== ':') return { token, place: placeOf(open) };
  }
  return undefined;
}

const placeOf = (open: readonly Open[]): string =>
  `$${open.map(({ at }) => (typeof at === 'number' ? `[${at}]` : step(at))).join('')}`.slice(0, longestPlace);

const step = (key: string): string => (/^"\w+"$/.test(key) ? `.${key.slice(1, -1)}` : `[${key}]`);
