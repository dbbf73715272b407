import type { Affinity } from '../table';
import { quoteIdentifier } from '../identifiers';

/** The values of the key columns as text, in the order of the template. */
export type KeyParts = readonly string[];

/** A column of the relation `keys`, with the affinity of the column whose values it holds. */
export interface KeyColumn {
  readonly name: string;
  readonly affinity: Affinity;
}

/** An integer as SQLite writes it, that fits 64 bits without a look at its size; any other number as SQLite writes it. */
const integer = /^(?:0|-?[1-9]\d{0,17})$/;
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]\d+)?$/;

/**
 * The common table expression `keys`, over one parameter: a JSON array. `typed`: its columns are compared as the columns whose values
 * they hold would be. `loose`: for values that a column holds in spite of its type (a text in an INTEGER column), which a cast would change.
 */
export function keysExpression(columns: readonly KeyColumn[], how: 'typed' | 'loose'): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const values = columns.map(({ affinity }, position) => {
    const value = columns.length === 1 ? 'value' : `value ->> ${position}`;
    return how === 'loose' || affinity === 'none' ? value : `CAST(${value} AS ${affinity.toUpperCase()})`;
  });
  return `keys(${names}) AS (SELECT ${values.join(', ')} FROM json_each(?))`;
}

/** The parameters for `keysExpression`; '' when there is nothing to ask that way. */
export interface KeyParameters {
  readonly typed: string;
  readonly loose: string;
}

/** Names the keys in JSON. A column without a type holds 17 and '17', which have one name: both are named. */
export function keyParameters(columns: readonly KeyColumn[], keys: readonly KeyParts[]): KeyParameters {
  const typed: string[] = [];
  const loose: string[] = [];
  for (const parts of keys) {
    let tuples = [''];
    let fits = true;
    for (let position = 0; position < columns.length; position++) {
      const affinity = columns[position]?.affinity ?? 'none';
      const text = parts[position] ?? '';
      const numeric = affinity !== 'text' && (affinity === 'integer' ? integer : number).test(text);
      if (affinity !== 'text' && affinity !== 'none' && !numeric) fits = false;
      const forms =
        affinity === 'none' && numeric
          ? [text, JSON.stringify(text)]
          : [numeric ? text : JSON.stringify(text)];
      tuples = tuples.flatMap((before) => forms.map((form) => (position === 0 ? form : `${before},${form}`)));
    }
    (fits ? typed : loose).push(...tuples);
  }
  const array = (tuples: readonly string[]) => {
    if (tuples.length === 0) return '';
    return columns.length === 1 ? `[${tuples.join(',')}]` : `[[${tuples.join('],[')}]]`;
  };
  return { typed: array(typed), loose: array(loose) };
}
