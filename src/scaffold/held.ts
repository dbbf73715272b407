import { inFew } from '../foundation/in-few';
import { parseMember } from '../archive/record/flat-object';
import { isEach, type Holds, itemWord, itemWords } from '../mapping/record-forms';
import { column, columnFor, type ProposedColumn, unfitField } from './columns';
import { type CommonField, commonFields } from './common-fields';
import type { Contents, Fields } from './redis/contents';
import { identityTypeOf, isBinary, typeOf } from './redis/field-types';

/** What keys hold, as the file says it. */
export interface Held {
  readonly holds: Holds;
  readonly columns: readonly ProposedColumn[];
  readonly remarks: readonly string[];
}

/** Longer ones do not fit into the index by which they are told apart. */
const longestMember = 2_000;
/** A hash with more fields has no columns. */
const mostFields = 100;

/** What nobody writes into a text. */
const noText = /[^\P{Cc}\t\n\r]/u;

interface Looked {
  readonly contents: readonly Contents[];
  /** Names of columns that the key fills; those of what it holds are added. */
  readonly taken: Set<string>;
  /** By column, what a key has in its name. */
  readonly places: (key: string) => ReadonlyMap<string, string>;
  readonly single: boolean;
}

/** What the keys of a type hold; or why there are no records in them. */
export function heldBy(type: string, looked: Looked): Held | string {
  switch (type) {
    case 'hash':
      return heldByHashes(looked);
    case 'string':
      return heldByStrings(looked);
    case 'set':
    case 'zset':
      return heldByMembers(type, looked);
    case 'list':
      return many('element', textsOf(looked), looked);
    case 'stream':
      return heldByStream(looked);
    default:
      return `of the type ${type}, which no mapping reads`;
  }
}

const textsOf = ({ contents }: Looked): readonly string[] => contents.flatMap(({ texts }) => texts);
const fieldsOf = ({ contents }: Looked): readonly Fields[] =>
  contents.flatMap(({ fields }) => fields).filter(({ size }) => size > 0);

function heldByHashes(looked: Looked): Held | string {
  const hashes = fieldsOf(looked);
  const narrow = looked.contents.filter(({ size }) => size <= mostFields);
  const isWide = narrow.length * 2 <= looked.contents.length;
  const rows = narrow.flatMap(({ key, fields }) => fields.map((one) => ({ key, fields: one })));
  const held = looked.single || isWide ? undefined : whole('hash', rows, looked);
  if (held !== undefined) return held;
  const names = hashes.flatMap((fields) => [...fields.keys()]);
  const values = hashes.flatMap((fields) => [...fields.values()].filter((value) => value !== undefined));
  return many('field', values, looked, names);
}

function heldByStrings(looked: Looked): Held | string {
  const texts = textsOf(looked);
  if (texts.some((text) => text.startsWith('HYLL'))) return 'HyperLogLogs, which count and hold no records';
  if (texts.some((text) => isBinary(text) || noText.test(text)))
    return 'strings that are no text: bitmaps, or what a program has serialized. As bytes: string: { value: bytes }';
  const valued = looked.contents.filter((one) => one.texts.length > 0);
  const rows = objectsIn(texts)?.map((fields, at) => ({ key: valued[at]?.key ?? '', fields }));
  const held = rows && whole('json', rows, looked);
  if (held !== undefined) return held;
  const value = column(columnFor('value', looked.taken), 'value', { type: typeOf(texts), values: texts });
  return { holds: 'string', columns: [value], remarks: [] };
}

function heldByMembers(type: 'set' | 'zset', looked: Looked): Held | string {
  const members = textsOf(looked);
  if (members.some(({ length }) => length > longestMember))
    return `members of more than ${longestMember} characters, by which no row can be told from another`;
  const { taken } = looked;
  const member = column(columnFor('member', taken), '$member', { type: identityTypeOf(members) });
  const score = type === 'set' ? [] : [column(columnFor('score', taken), '$score', { type: 'float' })];
  return { holds: 'member', columns: [member, ...score], remarks: [] };
}

function heldByStream(looked: Looked): Held | string {
  const common = commonFields(fieldsOf(looked));
  if (common.length === 0) return 'entries that have no fields in common';
  const entry = column(columnFor('entry', looked.taken), itemWord.entry, { type: 'text' });
  const { columns, remarks } = fieldColumns(common, looked);
  return { holds: 'entry', columns: [entry, ...columns], remarks };
}

interface Row {
  readonly key: string;
  readonly fields: Fields;
}

/** A hash or an object with a column a field, but for what the key has in its name; undefined: no field is left. */
function whole(holds: 'hash' | 'json', rows: readonly Row[], looked: Looked): Held | undefined {
  const isPlace = (field: string) => rows.some(({ key }) => looked.places(key).has(field));
  const repeats = (field: string): boolean =>
    isPlace(field) &&
    rows.every(
      ({ key, fields }) => !fields.has(field) || fields.get(field) === looked.places(key).get(field),
    );
  const common = commonFields(rows.map(({ fields }) => fields)).filter(({ field }) => !repeats(field));
  const named = fieldColumns(common, looked);
  return named.columns.length === 0 ? undefined : { holds, ...named };
}

/** Fields of a hash, or elements of a list. @param values of them @param names of fields */
function many(
  each: 'field' | 'element',
  values: readonly string[],
  looked: Looked,
  names: readonly string[] = [],
): Held | string {
  if (names.some(({ length }) => length > longestMember))
    return `fields with names of more than ${longestMember} characters, by which no row can be told from another`;
  const { taken } = looked;
  const teller =
    each === 'field'
      ? column(columnFor('field', taken), '$field', { type: identityTypeOf(names) })
      : column(columnFor('place', taken), '$index', { type: 'int' });
  const objects = objectsIn(values);
  const named = objects && fieldColumns(commonFields(objects), looked);
  if (named !== undefined && named.columns.length > 0)
    return { ...named, holds: each, columns: [teller, ...named.columns] };
  const value = column(columnFor('value', taken), '$value', { type: typeOf(values), values });
  return { holds: each, columns: [teller, value], remarks: [] };
}

function fieldColumns(common: readonly CommonField[], { taken }: Looked): Omit<Held, 'holds'> {
  const unfit = common.flatMap(({ field }) => unfitField(field) ?? []);
  const fit = common.filter(({ field }) => unfitField(field) === undefined);
  return {
    columns: fit.map((one) => column(columnFor(one.field, taken), one.field, one)),
    remarks: [...unfit.map((why) => `without ${why}`), ...ofUnseen(fit)],
  };
}

const ofUnseen = (fields: readonly CommonField[]): readonly string[] => {
  const unseen = fields.filter((one) => one.unseen).map(({ field }) => field);
  return unseen.length === 0 ? [] : [`no small value of ${inFew(unseen)} was seen: text, which takes any`];
};

/** The members of each as a record has them; undefined: not all of the texts are JSON objects, or none of these has a member. */
function objectsIn(texts: readonly string[]): readonly Fields[] | undefined {
  try {
    const read = texts.map((text) => {
      const values = [...parseMember(Buffer.from(text))].map(
        ([name, value]) => [name, value.toString()] as const,
      );
      return new Map<string, string | undefined>([...nullsIn(text), ...values]);
    });
    return read.some(({ size }) => size > 0) ? read : undefined;
  } catch {
    return undefined;
  }
}

/** The members that have no value. */
function nullsIn(text: string): readonly (readonly [string, undefined])[] {
  try {
    const object = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return object.flatMap(([name, value]) => (value === null ? [[name, undefined] as const] : []));
  } catch {
    return []; // NaN, say, which Python writes
  }
}

/** Whether the file says of a column no more than its word, for its type is that of the word. */
export const isPlainWord = (holds: Holds, { field, type, maybeEmpty }: ProposedColumn): boolean =>
  isEach(holds) && itemWords[holds][field] === type && !maybeEmpty;
