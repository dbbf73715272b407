import { quoteName, type Target } from '../record/target';

/** How alike a row and its record must be to count as equal. Postgres compares, in its own types. */
export type Strictness =
  /** The row has what the column makes of the record's value: 0.5 is 0.50, and a time is the same in every zone. */
  | 'stored'
  /** As `stored`; but where the record has no value the row may have one, filled in by another record that leads to it (ON_CONFLICT=merge). */
  | 'shared'
  /** Different only if the record has a value where the row has none. */
  | 'fills'
  /**
   * The row has the record's very value: a column of an adopted table may keep less of it (real, numeric(5,2), timestamp(0)), and then
   * Redis has something that Postgres lacks. JSON is compared as text, in jsonb columns as a value.
   */
  | 'exact';

/**
 * SQL: whether row t has something else in a column than its record.
 * @param given SQL: the record's value, as text or, if `typed`, in the type of the column
 */
export function differs(
  target: Target,
  column: string,
  given: string,
  strictness: Strictness,
  typed = false,
): string {
  const stored = `t.${quoteName(column)}`;
  if (strictness === 'fills') return `${isEmpty(stored)} AND ${given} <> ''`;
  const type = target.types.get(column) ?? 'text';
  const compared = strictness === 'exact' ? typeMeant(target, column, type) : typeCompared(type);
  const cast = (expression: string, from: string) =>
    from === compared ? expression : `${expression}::${compared}`;
  const unlike = `${cast(stored, type)} IS DISTINCT FROM ${cast(given, typed ? type : 'text')}`;
  return strictness === 'shared' ? `NOT (${keeps(target, given)}) AND ${unlike}` : unlike;
}

/** The type in which a column is compared: json has no equality of its own. */
const typeCompared = (type: string): string => (type === 'json' ? 'text' : type);

function typeMeant({ kind }: Target, column: string, type: string): string {
  switch (kind.columns.find((one) => one.column === column)?.decoder) {
    case 'integer':
      return 'numeric';
    case 'float':
      return 'double precision';
    case 'time':
      return 'timestamptz';
    case 'json':
      return type === 'jsonb' ? type : 'text';
    case 'text':
      return 'text';
    case 'bool':
      return 'boolean';
    case 'uuid':
    case 'bytes':
      return type;
    case undefined: // a parent's id
      return type;
  }
}

/** SQL: whether row t keeps its value, because the record has none and another record leads to the row, too. */
export const keeps = ({ kind }: Target, given: string): string =>
  `${isEmpty(given)} AND EXISTS (SELECT FROM millrace.id_map m WHERE m.kind = '${kind.name}' AND m.pg_id = t.id AND NOT m.owned)`;

export const isEmpty = (expression: string): string => `coalesce(${expression}::text, '') = ''`;

export const anyOf = (conditions: readonly string[]): string =>
  conditions.map((one) => `(${one})`).join(' OR ');
