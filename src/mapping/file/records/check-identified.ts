import type { Identified } from '../../identified';
import type { IdentifiedWords, Said } from './identified-words';

/** What the tables of such records have beside what the file names. */
const taken = ['id', 'redis_id', 'redis_key'];

/** Refuses what does not go together about records that are told from others that have had their keys. */
export function checkIdentified(identified: Identified, said: Said, words: IdentifiedWords): boolean {
  const problems = [...problemsOf(identified, said)];
  for (const { word, why } of problems) words.value(word)?.refuse(why);
  return problems.length === 0;
}

interface Wrong {
  readonly word: Parameters<IdentifiedWords['value']>[0];
  readonly why: string;
}

function* problemsOf(identified: Identified, said: Said): Generator<Wrong> {
  const { by, lasts, score, absent, names } = identified;
  const { columns, parents, unique, none, onDelete, retentionDays, name } = said;
  const fields = columns.map(({ field }) => field);
  const own = columns.find(({ column }) => taken.includes(column));
  if (!/^[a-z][a-z0-9_]*$/.test(name))
    yield { word: 'identity', why: 'its name is of small letters, digits and _, and begins with a letter' };
  if (own !== undefined)
    yield { word: 'identity', why: `the column ${own.column} is Millrace's own: take another name` };
  if (none !== undefined)
    yield { word: 'identity', why: 'has none at its columns: `{ type: int, none: 0 }`' };
  if (onDelete !== 'keep' || retentionDays !== undefined)
    yield { word: 'identity', why: 'goes by ON_DELETE and RETENTION: leave on_delete and retention out' };
  if (unique.length > 1) yield { word: 'identity', why: 'has one list of columns that are unique together' };
  if (by === 'parents') yield* problemsOfChild(said);
  else if (parents.some(({ from }) => 'part' in from))
    yield { word: 'identity', why: 'names its parents in fields, for its key is its id' };
  if (lasts !== undefined && !(fields.includes(lasts.status) && fields.includes(lasts.until)))
    yield { word: 'lasts', why: `names two of the fields: ${fields.join(', ')}` };
  if (score !== undefined && (said.holds !== 'member' || score.some((field) => !fields.includes(field))))
    yield { word: 'score', why: 'is for each: member, and names fields of the members' };
  if (score === undefined && said.holds === 'member')
    yield { word: 'identity', why: 'needs score with each: member: which field of a member is its score' };
  const inKey = said.key.parts.slice(parents.length).map(({ column }) => column);
  if (absent !== undefined && (by === 'id' || Object.keys(absent).some((part) => !inKey.includes(part))))
    yield { word: 'absent', why: 'is for parts of the key that each member has as fields' };
  if (names !== undefined && (by !== 'id' || columns[0]?.type !== 'text' || !columns[0].required))
    yield {
      word: 'names',
      why: 'is for records with an id whose first column is a text that is required: their name',
    };
  yield* problemsByValue(identified, said);
}

/** Of records by value the stream carries one that has a number, with the one parent that a field names; or a member, with that of its key. */
function* problemsByValue(
  { byValue, by }: Identified,
  { appendOnly, parents, holds }: Said,
): Generator<Wrong> {
  if (!byValue) return;
  if (!appendOnly) yield { word: 'by_value', why: 'needs append_only: true' };
  if (parents.length !== 1) yield { word: 'by_value', why: 'needs one parent' };
  if (by === 'parents' && holds !== 'member')
    yield { word: 'by_value', why: 'is for records with an id, and for each: member' };
}

/** The key names the parents first, then (of members) fields that the members have as well. */
function* problemsOfChild({ key, parents, columns, holds }: Said): Generator<Wrong> {
  const inOrder = parents.every(({ from }, at) => 'part' in from && from.part === key.parts[at]?.column);
  if (parents.length === 0 || !inOrder)
    yield { word: 'identity', why: 'needs parents that the first parts of its key name, in this order' };
  const rest = key.parts.slice(parents.length).map(({ column }) => column);
  const unknown = rest.find((part) => columns.every(({ column }) => column !== part));
  if (holds !== 'member' && rest.length > 0)
    yield {
      word: 'identity',
      why: `its key has {${rest.join('}, {')}} behind the parents, which is for each: member`,
    };
  if (holds === 'member' && unknown !== undefined)
    yield { word: 'identity', why: `{${unknown}} is no column of the members` };
  const fields = columns.map(({ field }) => field).join();
  if (holds === 'field' && fields !== '$field,$value')
    yield { word: 'identity', why: 'has two columns with each: field, of $field and then of $value' };
}
