import { type Identified, identifiedHolds } from '../../identified';
import type { Kind } from '../../kinds';
import { choice, fieldsOf, flag, listOf, literal, mapOf, type Reader, text, unlike, word } from '../readers';
import type { Entry, Value } from '../value';
import { checkIdentified } from './check-identified';
import { identifiedWords, type IdentifiedWords, type Said } from './identified-words';
import type { ReadParent } from './record-words';

/** @returns undefined: its key is all that tells the record */
export function readIdentified(words: IdentifiedWords, said: Said): Identified | null | undefined {
  const identity = words.optional('identity', identityOf(said));
  if (identity === null) return null;
  if (identity === undefined) {
    for (const word of identifiedWords)
      words.value(word)?.refuse('is for records with an identity: their keys are not all that tells them');
    return undefined;
  }
  const aside = words.optional('except', text);
  const counter = words.optional('counter', text);
  const index = words.optional('index', indexOf(said.parents));
  const names = words.optional('names', text);
  const lasts = words.optional('lasts', lastsOf);
  const score = words.optional('score', listOf(word, 'fields'));
  const absent = words.optional('absent', mapOf(partOf, 'fields'));
  const byValue = words.optional('by_value', flag);
  const told = words.optional('announce', word);
  const statistic = words.optional('statistic', lineOf);
  if (aside === null || counter === null || index === null || names === null || lasts === null) return null;
  if (score === null || absent === null || byValue === null || told === null || statistic === null)
    return null;
  const identified: Identified = {
    ...identity,
    ...{ aside, counter, index, names, lasts, score, told },
    absent: absent && Object.fromEntries(absent),
    byValue: byValue ?? false,
    statistic: statistic === undefined ? said.name : statistic.line,
  };
  return checkIdentified(identified, said, words) ? identified : null;
}

/** `[id, created_at]`, or `parents`. */
const identityOf =
  ({ key, columns, holds }: Said): Reader<Pick<Identified, 'by' | 'created'>> =>
  (value) => {
    if (!identifiedHolds.some((one) => one === holds))
      return value.refuse('is for hash, each: field and each: member: any other record is told by its key');
    if (value.kind === 'text') {
      const by = choice('parents')(value);
      return by === null ? null : { by, created: undefined };
    }
    if (value.kind !== 'list')
      return unlike(
        value,
        '[id, created_at] (a part of the key, and the column with the creation time), or parents',
      );
    const [id, time, third] = listOf(word, 'columns')(value) ?? [];
    if (id === undefined) return null;
    if (time === undefined || third !== undefined)
      return value.refuse('names two: a part of the key, and the column with the creation time');
    const [part, another] = key.parts;
    if (another !== undefined || part?.column !== id || part.type !== 'int')
      return value.refuse(`the key has to end with {${id}:int}, and to have no other part`);
    const created = columns.find(({ column }) => column === time);
    if (holds !== 'hash' || created?.type !== 'time' || !created.required)
      return value.refuse(`needs ${time}: time! in hash: the time at which the record was made`);
    return { by: 'id', created: created.field };
  };

/** `{ key: "aidb:idx:versions:{model_id}", by: id }`, with columns of parents in braces. */
const indexOf =
  (parents: readonly ReadParent[]): Reader<NonNullable<Kind['index']>> =>
  (value) => {
    const fields = fieldsOf(value, ['key', 'by', 'member']);
    const pattern = patternOf(parents);
    const key = fields?.required('key', pattern) ?? null;
    const by = fields?.required('by', choice('id', 'newest', 'set')) ?? null;
    const member = fields?.optional('member', pattern);
    if (key === null || by === null || member === null) return null;
    if (member !== undefined && by !== 'set') return value.refuse('has a member: that is for by: set');
    return { key, by, ...(member === undefined ? {} : { member }) };
  };

const patternOf =
  (parents: readonly ReadParent[]): Reader<string> =>
  (value) => {
    const pattern = text(value);
    const places = [...(pattern?.matchAll(/\{([^{}]*)\}/g) ?? [])].map(([, name = '']) => name);
    const unknown = places.find((name) => parents.every(({ column }) => column !== name));
    if (unknown === undefined) return pattern;
    return value.refuse(
      `{${unknown}} is no parent: ${parents.map(({ column }) => column).join(', ') || 'it has none'}`,
    );
  };

/** `split: train` */
const partOf = ({ key, value }: Entry): readonly [string, string] | null => {
  const part = literal(value);
  return part === null ? null : [key, part];
};

const lastsOf = (value: Value): NonNullable<Kind['lasts']> | null => {
  const fields = fieldsOf(value, ['status', 'until']);
  const status = fields?.required('status', word) ?? null;
  const until = fields?.required('until', word) ?? null;
  return status === null || until === null ? null : { status, until };
};

/** The line of the statistics; `false`: none. */
const lineOf: Reader<{ readonly line: string | undefined }> = (value) => {
  if (value.kind === 'boolean' && !value.boolean) return { line: undefined };
  const line = word(value);
  return line === null ? null : { line };
};
