import type { KeyTemplate, Watch } from '../documents';
import { fieldsOf, listOf, type Reader, unlike, word } from './readers';
import { looksLikeSelect, select } from './sql-text';
import type { Entry, Value } from './value';

/**
 * `teams: id`, `pairs: [a, b]`: the columns that are the key. `leagues: SELECT …`, `leagues: { by: [country], select: … }`: a SELECT
 * that yields the keys from the changed rows of that table.
 */
export const watchOf =
  (key: KeyTemplate) =>
  ({ key: table, value, at }: Entry): Watch | null => {
    if (table.trim() === '') return at.refuse('needs the name of a table');
    const kind = value.kind;
    if (kind === 'text' && looksLikeSelect(value.text)) {
      const sql = select(value);
      return sql === null ? null : { table, by: [], select: sql };
    }
    if (kind === 'map') return resolved(table, value);
    if (kind !== 'text' && kind !== 'list') return unlike(value, 'a column, a list of columns, or a SELECT');
    const by = columns(value);
    if (by === null) return null;
    const wanted = key.parts.map(({ column }) => column);
    return by.length === wanted.length
      ? { table, by, select: undefined }
      : value.refuse(
          `must name as many columns as the key has (${wanted.join(', ')}), in its order; or write a SELECT that yields the keys`,
        );
  };

function resolved(table: string, value: Value): Watch | null {
  const fields = fieldsOf(value, ['by', 'select']);
  const by = fields?.required('by', columns) ?? null;
  const sql = fields?.required('select', select) ?? null;
  return by === null || sql === null ? null : { table, by, select: sql };
}

/** One column, or several. */
const columns: Reader<readonly string[]> = (value) => {
  if (value.kind === 'list') return listOf(word, 'columns')(value);
  const one = word(value);
  return one === null ? null : [one];
};
