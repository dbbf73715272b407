import { harmless } from '../foundation/harmless';
import { splitTemplate } from '../mapping/key-template';
import { type CommonField, commonFields } from './common-fields';
import type { LeftOut } from './documents';
import { type KeyShape, shapeText } from './key-shapes';
import { clash } from './prefixes';
import { type HashSample, unreadable } from './redis-sample';
import { freeName, plural, singular, slug } from './words';

export interface ProposedRecord {
  readonly name: string;
  /** With types: `user:{id:int}`. */
  readonly key: string;
  readonly table: string;
  readonly columns: readonly CommonField[];
  readonly remarks: readonly string[];
}

/** A shape, and what a few of its hashes hold; none for other types. */
export interface SampledShape {
  readonly shape: KeyShape;
  readonly hashes: readonly HashSample[];
}

/** Postgres takes 63 characters: there is room for a beginning, and a number. */
const longestTable = 50;

/** Prefixes, names and tables of others; those of what is proposed are added. */
interface Taken {
  readonly prefixes: string[];
  readonly names: Set<string>;
  readonly tables: Set<string>;
}

/** Hashes with fields in common become rows of a table. Pure, but for what is added to `taken`. */
export function proposeRecords(
  sampled: readonly SampledShape[],
  taken: Taken,
): { readonly records: readonly ProposedRecord[]; readonly leftOut: readonly LeftOut[] } {
  const records: ProposedRecord[] = [];
  const leftOut: LeftOut[] = [];
  for (const one of sampled) {
    const proposed = propose(one, taken);
    if (typeof proposed === 'string') leftOut.push({ name: shapeText(one.shape), why: proposed });
    else records.push(proposed);
  }
  return { records, leftOut };
}

function propose(
  { shape, hashes }: SampledShape,
  { prefixes, names, tables }: Taken,
): ProposedRecord | string {
  if (shape.type === unreadable) return 'our user may not read them';
  if (shape.type !== 'hash') return `${shape.type}: hashes alone are proposed`;
  const key = templateOf(shape);
  const split = splitTemplate(key);
  const prefix = prefixOf(shape);
  if (typeof split === 'string' || /\s/.test(prefix)) return 'its keys cannot be written as a template';
  const other = prefixes.find((one) => clash(one, prefix));
  if (other !== undefined)
    return `${harmless(prefix)} is, or is in, the prefix ${harmless(other)} of another mapping`;
  const columns = columnsOf(shape, hashes);
  if (typeof columns === 'string') return columns;
  prefixes.push(prefix);
  const word = slug(wordOf(shape)) ?? 'record';
  const wanted = plural(word)
    .slice(0, longestTable)
    .replaceAll('-', '_')
    .replace(/^(?=\d)/, '_');
  const table = tables.has(wanted) ? freeName([`redis_${wanted}`], tables) : freeName([wanted], tables);
  return {
    ...{ name: freeName([singular(word), word], names), key, table, columns },
    remarks: table === wanted ? [] : [`a table ${wanted} is there already, or in this file`],
  };
}

/** Columns beside those of the key; or why there are none. */
function columnsOf({ parts }: KeyShape, hashes: readonly HashSample[]): readonly CommonField[] | string {
  const places = parts.flatMap((part) => ('place' in part ? [part.place] : []));
  const fields = commonFields(hashes).filter(({ field }) => !places.includes(field));
  if (fields.length === 0) return 'hashes that have no fields in common';
  const unfit = fields.find(({ field }) => field.trim() === '' || /\p{Cc}/u.test(field));
  if (unfit !== undefined) return 'a field is empty, or has a control character';
  const columns = [...places, ...fields.map(({ column }) => column)];
  const twice = columns.find((column, at) => columns.indexOf(column) !== at);
  return twice === undefined ? fields : `two of its fields would be the column ${twice}`;
}

const templateOf = ({ parts }: KeyShape): string =>
  parts
    .map((part) => ('literal' in part ? part.literal : `{${part.place}${part.whole ? ':int' : ''}}`))
    .join(':');

/** What comes before the first place. */
const prefixOf = ({ parts }: KeyShape): string =>
  parts
    .slice(
      0,
      parts.findIndex((part) => 'place' in part),
    )
    .map((part) => `${'literal' in part ? part.literal : ''}:`)
    .join('');

/** The last name in the key. */
const wordOf = ({ parts }: KeyShape): string =>
  parts.flatMap((part) => ('literal' in part ? [part.literal] : [])).at(-1) ?? '';
