import { columnsOf, type DocumentForm } from '../../../mapping/documents';
import { quoteText } from '../identifiers';

/** The largest value of a key, in bytes. */
export const longestValue = 8_388_608;
/** The longest value of a key column, in bytes. The triggers log no longer one. */
export const longestKeyPart = 65_536;

/** What is larger than this, in bytes, is not read in passing: its row says so (`large`). */
const small = 4_096;
export const large = '~';

/**
 * SQL for what a row contributes to the value of its key: a text that begins with `=` (the rest is the contribution) or `{` (it is JSON);
 * with `!` when the row has a fault, which the text tells; or NULL: nothing. For `zset` the score follows as a column of its own.
 * @param read SQL that reads a column. @param most `small`: of larger values the text is `large`
 */
export function outputsOf(
  form: DocumentForm,
  read: (column: string) => string,
  most: 'small' | 'whole' = 'whole',
): readonly string[] {
  const columns = [...new Set(columnsOf(form))];
  const bytes = sumOf(columns.map((column) => `ifnull(octet_length(${read(column)}), 0)`));
  const blob = columns.map((column) =>
    fault(`typeof(${read(column)}) = 'blob'`, `the column ${column} is a blob, no text`),
  );
  const limit =
    most === 'small'
      ? `WHEN ${bytes} > ${small} THEN '${large}'`
      : fault(`${bytes} > ${longestValue}`, `the value is larger than ${longestValue} bytes`);
  const whole = (faults: readonly string[], value: string) =>
    `CASE ${[...faults, limit].join(' ')} ELSE ${value} END`;
  switch (form.type) {
    case 'json': {
      const wrong = form.fields
        .filter(({ json }) => json)
        .map(({ column }) =>
          fault(`NOT json_valid(ifnull(${read(column)}, 'null'))`, `the column ${column} holds no JSON`),
        );
      const fields = form.fields.map(
        ({ name, column, json }) => `${quoteText(name)}, ${json ? `json(${read(column)})` : read(column)}`,
      );
      return [whole([...blob, ...wrong], objectOf(fields))];
    }
    case 'hash': {
      const fields = form.fields.map(
        ({ name, column }) => `${quoteText(name)}, CAST(${read(column)} AS TEXT)`,
      );
      return [whole(blob, objectOf(fields))];
    }
    case 'zset':
      return [whole(blob, `'=' || ${read(form.member)}`), read(form.score)];
    case 'string':
    case 'list':
    case 'set':
      return [whole(blob, `'=' || ${read(form.column)}`)];
  }
}

/** In halves of halves: SQLite refuses an expression that is a thousand deep, and a + b + c + … is as deep as it is long. */
function sumOf(terms: readonly string[]): string {
  if (terms.length < 3) return terms.join(' + ');
  const half = terms.length >> 1;
  return `(${sumOf(terms.slice(0, half))}) + (${sumOf(terms.slice(half))})`;
}

/** Fields of one json_object: SQLite gives a function no more than a thousand arguments. */
const mostFields = 400;

/** @param fields names and values */
function objectOf(fields: readonly string[]): string {
  const object = (some: readonly string[]) => `json_object(${some.join(', ')})`;
  if (fields.length <= mostFields) return object(fields);
  const first = object(fields.slice(0, mostFields));
  return `substr(${first}, 1, length(${first}) - 1) || ',' || substr(${objectOf(fields.slice(mostFields))}, 2)`;
}

const fault = (condition: string, reason: string): string =>
  `WHEN ${condition} THEN ${quoteText(`!${reason}`)}`;
