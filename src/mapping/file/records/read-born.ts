import { listOf, type Reader, unlike, word } from '../readers';
import { identifiedWords, type IdentifiedWords, type Said } from './identified-words';

const wanted =
  '[id, created_at]: the parts of the key, and the column with the time at which the record was made';

/**
 * What a record of the user's own says of its identity: the column with the creation time, which with its key tells it from others that
 * have had this. @returns undefined: its key is all that tells it
 */
export function readBorn(words: IdentifiedWords, said: Said): string | null | undefined {
  for (const one of identifiedWords)
    if (one !== 'identity')
      words
        .value(one)
        ?.refuse('is for the records of ai-registry, whose tables migrations make: leave it out here');
  return words.optional('identity', bornOf(said));
}

const bornOf =
  ({ key, columns, holds }: Said): Reader<string> =>
  (value) => {
    if (holds !== 'hash' && holds !== 'json')
      return value.refuse(
        'is for hash and json, which hold the time at which a record was made: leave it out, and the record is told by its key',
      );
    if (value.kind === 'text' && value.text === 'parents')
      return value.refuse(
        'is parents in ai-registry alone: a record of yours is told by its key anyway, and so by the parents that this names. Leave it out',
      );
    if (value.kind !== 'list') return unlike(value, wanted);
    const names = listOf(word, 'columns')(value);
    if (names === null) return null;
    const parts = key.parts.map(({ column }) => column);
    const time = names[parts.length];
    if (time === undefined || names.length > parts.length + 1 || parts.some((part, at) => part !== names[at]))
      return value.refuse(
        `names all parts of the key, and behind them the column with the creation time: [${parts.join(', ')}, ${names.at(-1) ?? 'created_at'}]`,
      );
    const created = columns.find(({ column }) => column === time);
    if (created?.type !== 'time' || !created.required)
      return value.refuse(
        `needs ${time}: time! in ${holds}: the time at which the record was made, without which it cannot be told from others`,
      );
    return time;
  };
