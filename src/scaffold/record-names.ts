import { isSingle, type KeyShape } from './redis/key-shapes';
import { plural, singular, slug } from './words';

/** Postgres takes 63 characters: there is room for a beginning, and a number. */
const longestTable = 50;

/** What records of a shape could be called, in the order of preference, and their table. `user:{id}:emails` has user_email in user_emails. */
export function namesFor(shape: KeyShape): { readonly name: readonly string[]; readonly table: string } {
  const word = slug(wordOf(shape)) ?? 'record';
  const one = singular(word).replace(/-+$/, '') || word;
  // A single key is called as it is.
  const table = (isSingle(shape) ? word : plural(word))
    .replaceAll('-', '_')
    .slice(0, longestTable)
    .replace(/^(?=\d)/, '_')
    .replace(/^pg_/, 'redis_pg_');
  return { name: [one, word, table], table };
}

/** The last name in the key; what it belongs to before it, if it is behind a place. Of a single key all of it. */
function wordOf({ parts }: KeyShape): string {
  const literals = parts.flatMap((part) => ('literal' in part ? [part.literal] : []));
  const place = parts.findIndex((part) => 'place' in part);
  if (place < 0) return literals.join('_');
  const last = parts.at(-1);
  if (last === undefined || !('literal' in last)) return literals.at(-1) ?? '';
  return `${singular(literals[place - 1] ?? '')}_${last.literal}`;
}
