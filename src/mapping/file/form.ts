import type { DocumentField, DocumentForm } from '../documents';
import { choice, fieldsOf, type Fields, listOf, mapOf, type Reader, unlike, word } from './readers';
import type { Value } from './value';

/** What a key may hold: exactly one of these words stands in a document. */
export const forms = ['json', 'hash', 'string', 'list', 'set', 'zset'] as const;
type Form = (typeof forms)[number];

/** What one row, or all rows of a key, are written as. @param document where to say that there is none, or more than one */
export function readForm(fields: Fields<Form>, document: Value): DocumentForm | null {
  const given = forms.filter((form) => fields.value(form) !== undefined);
  const [form, second] = given;
  if (form === undefined) return document.refuse(`needs one of ${forms.join(', ')}: what a key holds`);
  if (second !== undefined)
    return document.refuse(`has ${given.join(' and ')}: a key holds one of them; write two documents`);
  switch (form) {
    case 'json':
    case 'hash': {
      const of = fields.required(form, columnsOf(form));
      return of === null ? null : { type: form, fields: of };
    }
    case 'string':
    case 'list':
    case 'set': {
      const column = fields.required(form, word);
      return column === null ? null : { type: form, column };
    }
    case 'zset':
      return fields.required(form, scored);
  }
}

/** A list of columns, which become fields of their names; or a map from a field to its column. */
const columnsOf =
  (form: 'json' | 'hash'): Reader<readonly DocumentField[]> =>
  (value) => {
    if (value.kind === 'map')
      return mapOf(({ key, value: column }) => fieldOf(key, column, form), 'fields')(value);
    if (value.kind !== 'list') return unlike(value, 'a list of columns, or a map from fields to columns');
    const names = listOf(word, 'columns')(value);
    const twice = names?.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) return value.refuse(`names ${twice} twice`);
    return names?.map((name) => ({ name, column: name, json: false })) ?? null;
  };

/** `field: column`, or `field: { column: c, type: json }`. */
function fieldOf(name: string, value: Value, form: 'json' | 'hash'): DocumentField | null {
  if (value.kind === 'text') {
    const column = word(value);
    return column === null ? null : { name, column, json: false };
  }
  if (value.kind !== 'map') return unlike(value, 'a column, or { column: c, type: json }');
  const fields = fieldsOf(value, ['column', 'type']);
  const column = fields?.required('column', word) ?? null;
  const type = fields?.optional('type', choice('json'));
  if (column === null || type === null) return null;
  if (type !== undefined && form === 'hash')
    return value.refuse('a field of a hash holds a text: type: json is for json alone');
  return { name, column, json: type !== undefined };
}

const scored: Reader<DocumentForm> = (value) => {
  const fields = fieldsOf(value, ['member', 'score']);
  const member = fields?.required('member', word) ?? null;
  const score = fields?.required('score', word) ?? null;
  return member === null || score === null ? null : { type: 'zset', member, score };
};
