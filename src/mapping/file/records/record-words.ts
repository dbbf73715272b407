import { type RecordColumn } from '../../own-records';
import { type Each, itemWords, type RecordType, recordTypes } from '../../record-forms';
import { typeMeant } from './type-meant';
import { nearest } from '../../../foundation/nearest';
import { choice, fieldsOf, flag, literal, type Reader, text, unlike, word } from '../readers';
import type { Entry, Value } from '../value';

const longest = 63; // bytes of a name in Postgres

/** What is wrong with the name of a column; undefined: nothing. */
export function columnName(name: string): string | undefined {
  if (Buffer.byteLength(name) > longest) return `a column has ${longest} bytes at the most`;
  return /^[^"'\\]+$/u.test(name) ? undefined : 'a column has no quotes or backslashes';
}

/** The key of a map whose keys are columns. */
function columnOf({ key, at }: Entry): string | null {
  const wrong =
    key.trim() === '' || /\p{Cc}/u.test(key) ? 'the name of a column stands here' : columnName(key);
  return wrong === undefined ? key : at.refuse(wrong);
}

/** A table in the schema of search_path. */
export const tableName: Reader<string> = (value) => {
  const name = word(value);
  if (name === null) return null;
  if (!/^[A-Za-z_]\w*$/.test(name) || name.length > longest)
    return value.refuse(
      `must be the name of a table, without its schema (search_path leads to that): letters, digits and _, ${longest} at the most`,
    );
  // Unqualified, such a name leads to a catalogue of the server, whatever search_path says.
  if (/^pg_/i.test(name))
    return value.refuse('is a name of Postgres itself, as all with pg_ are: name another table');
  return name;
};

/** `name: $field`, `points: { field: $score, type: int }`, `kind: { field: type }`: a column of one of the things that a key holds. */
export const itemColumn =
  (each: Each) =>
  (entry: Entry): RecordColumn | null => {
    const { value } = entry;
    const column = columnOf(entry);
    if (value.kind !== 'map') {
      const field = itemField(each, true)(value);
      return column === null || field === null ? null : { column, ...field, required: false };
    }
    const fields = fieldsOf(value, ['field', 'type', 'none']);
    const field = fields?.required('field', itemField(each, false)) ?? null;
    const type = fields?.optional('type', typeOf);
    const none = fields?.optional('none', literal);
    if (column === null || field === null || type === null || none === null) return null;
    return { column, ...field, required: false, ...type, ...(none === undefined ? {} : { none }) };
  };

/** A word with a dollar sign, or (in a map) the name of a field. */
const itemField =
  (each: Each, wordOnly: boolean): Reader<Pick<RecordColumn, 'field' | 'type'>> =>
  (value) => {
    const field = word(value);
    if (field === null) return null;
    const words = itemWords[each];
    const type = words[field];
    if (type !== undefined) return { field, type };
    if (!field.startsWith('$') && !wordOnly) return { field, type: 'text' };
    const known = Object.keys(words);
    const meant = field.startsWith('$') ? nearest(field, known) : undefined;
    return value.refuse(
      `is none of ${known.join(', ')}, which each: ${each} knows${meant === undefined ? `; a field that has a name is { field: ${field.replace(/^\$/, '')}, type: text }` : `: did you mean ${meant}?`}`,
    );
  };

/** `email: text!`, or `tier: { field: plan, type: text }`. */
export function recordColumn(entry: Entry): RecordColumn | null {
  const { value } = entry;
  const column = columnOf(entry);
  if (value.kind !== 'map') {
    const type = typeOf(value);
    return column === null || type === null ? null : { column, field: column, ...type };
  }
  const fields = fieldsOf(value, ['field', 'type', 'none']);
  const type = fields?.required('type', typeOf) ?? null;
  const field = fields?.optional('field', word);
  const none = fields?.optional('none', literal);
  if (column === null || type === null || field === null || none === null) return null;
  return { column, field: field ?? column, ...type, ...(none === undefined ? {} : { none }) };
}

/** `text`, `text!`. */
const typeOf: Reader<Pick<RecordColumn, 'type' | 'required'>> = (value) => {
  if (value.kind !== 'text')
    return unlike(value, `one of ${recordTypes.join(', ')}, with ! if it is required`);
  const required = value.text.endsWith('!');
  const name = value.text.replace(/!$/, '');
  const meant = typeMeant(name);
  if (meant !== undefined)
    return value.refuse(`must be one of ${recordTypes.join(', ')}: ${name} is ${meant} here`);
  const type = choice<RecordType>(...recordTypes)({ ...value, text: name });
  return type === null ? null : { type, required };
};

/** A parent as the file says it. `at`: where it says so. */
export interface ReadParent {
  readonly column: string;
  readonly record: string;
  readonly at: Value;
  readonly from: { readonly field: string; readonly required: boolean } | { readonly part: string };
}

/** `user_id: user`, `user_id: user!`, `{ record: user, field: uid }`, `{ record: user, id: "{user}" }`. */
export function recordParent(entry: Entry): ReadParent | null {
  const { value } = entry;
  const column = columnOf(entry);
  if (value.kind !== 'map') {
    const named = text(value);
    if (column === null || named === null) return null;
    const required = named.endsWith('!');
    return { column, record: named.replace(/!$/, ''), at: value, from: { field: column, required } };
  }
  const fields = fieldsOf(value, ['record', 'field', 'id', 'required']);
  const record = fields?.required('record', word) ?? null;
  const field = fields?.optional('field', word);
  const id = fields?.optional('id', keyPart);
  const required = fields?.optional('required', flag);
  if (column === null || record === null || field === null || id === null || required === null) return null;
  if (id === undefined)
    return { column, record, at: value, from: { field: field ?? column, required: required ?? false } };
  if (field !== undefined || required !== undefined)
    return value.refuse('has id and field: the parent is named by a part of the key, or by a field');
  return { column, record, at: value, from: { part: id } };
}

/** `"{user}"` */
const keyPart: Reader<string> = (value) => {
  const written = text(value);
  if (written === null) return null;
  const part = /^\{([^{}:*]+)\}$/.exec(written)?.[1];
  return part ?? value.refuse('must be a part of the key, as in "{user}"');
};

/** `90d`: whole days. */
export const days: Reader<number> = (value) => {
  const written = value.kind === 'text' ? /^([1-9]\d{0,4})d$/.exec(value.text)?.[1] : undefined;
  if (value.kind === 'refused') return null;
  return written === undefined ? value.refuse('must be a number of whole days, as in 90d') : Number(written);
};
