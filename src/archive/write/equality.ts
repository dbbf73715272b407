import { quoteName, type Target } from '../record/target';

/** How much what a row has must be like what its record has. Postgres compares, in types of its own. */
export type Strictness =
  /** As the column would keep the record's value: 0.5 is 0.50, and a time is the same in every zone. */
  | 'stored'
  /** The same, but where the record has nothing another one that leads to the row may have filled it (ON_CONFLICT=merge). */
  | 'shared'
  /** Only a value where the row has none is a difference. */
  | 'fills'
  /**
   * As the record means it, whatever the column can keep: an adopted one may keep less (real, numeric(5,2), timestamp(0)), and then
   * Redis has what Postgres lacks. JSON is the text it is, in jsonb columns the value.
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

/** json has no equality of its own. */
const typeCompared = (type: string): string => (type === 'json' ? 'text' : type);

function typeMeant({ kind }: Target, column: string, type: string): string {
  switch (kind.columns.find((one) => one.column === column)?.decoder) {
    case 'integer':
      return 'numeric';
    case 'float':
    case 'float or none':
      return 'double precision';
    case 'time':
    case 'time or none':
      return 'timestamptz';
    case 'json':
      return type === 'jsonb' ? type : 'text';
    case 'text':
      return 'text';
    case undefined: // a parent's id
      return type;
  }
}

/** SQL: whether row t keeps what it has, for the record has nothing and is not the only one that leads to it. */
export const keeps = ({ kind }: Target, given: string): string =>
  `${isEmpty(given)} AND EXISTS (SELECT FROM millrace.id_map m WHERE m.kind = '${kind.name}' AND m.pg_id = t.id AND NOT m.owned)`;

export const isEmpty = (expression: string): string => `coalesce(${expression}::text, '') = ''`;

export const anyOf = (conditions: readonly string[]): string =>
  conditions.map((one) => `(${one})`).join(' OR ');
