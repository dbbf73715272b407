import type { Affinity } from '../table';
import { quoteIdentifier } from '../identifiers';

/** The values of the key columns as text, in the order of the template. */
export type KeyParts = readonly string[];

/** Values of the columns of a relation `keys` that is no key's: blobs, too. */
export type LoggedParts = readonly (string | Buffer)[];

/**
 * How values are asked for. `typed`: as the columns that hold them would be compared. `loose`: such that a column holds in spite of its type (a text
 * in an INTEGER column), which a cast would change. `blobs`: the same, and some are blobs: arrays of their hex digits.
 */
export type How = 'typed' | 'loose' | 'blobs';

/** A column of the relation `keys`, with the affinity of the column whose values it holds. */
export interface KeyColumn {
  readonly name: string;
  readonly affinity: Affinity;
}

/** An integer as SQLite writes it, that fits 64 bits without a look at its size; any other number as SQLite writes it. */
const integer = /^(?:0|-?[1-9]\d{0,17})$/;
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]\d+)?$/;

/** The common table expression `keys`, over one parameter: a JSON array. */
export function keysExpression(columns: readonly KeyColumn[], how: How): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const single = columns.length === 1;
  const values = columns.map(({ affinity }, at) => {
    const value = single ? 'value' : `value ->> ${at}`;
    const type = single ? 'type' : `json_type(value, '$[${at}]')`;
    const hex = single ? 'value ->> 0' : `value ->> '$[${at}][0]'`;
    if (how === 'blobs') return `CASE ${type} WHEN 'array' THEN unhex(${hex}) ELSE ${value} END`;
    return how === 'loose' || affinity === 'none' ? value : `CAST(${value} AS ${affinity.toUpperCase()})`;
  });
  return `keys(${names}) AS (SELECT ${values.join(', ')} FROM json_each(?))`;
}

/** Keys that are asked for in one statement. */
export interface KeyRun {
  readonly how: How;
  /** The parameter for `keysExpression`. */
  readonly keys: string;
  /** Which of the keys these are. */
  readonly positions: readonly number[];
}

/**
 * Names keys in JSON, in as few runs as may be: one, nearly always. Keys that some comparison takes for equal (a and A, 2 and 02) come into
 * different ones: a SELECT that joins `keys` would find the rows of both twice.
 */
export function keyRuns(columns: readonly KeyColumn[], keys: readonly LoggedParts[]): readonly KeyRun[] {
  const runs = new Map<string, { how: How; tuples: string[]; positions: number[] }>();
  const integers = columns.every(({ affinity }) => affinity === 'integer');
  const alike = new Map<string, number>();
  for (const [position, parts] of keys.entries()) {
    const { how, tuples } = written(columns, parts);
    let turn = 0;
    if (!integers || how !== 'typed') {
      const folded = parts.length === 1 ? fold(parts[0] ?? '') : JSON.stringify(parts.map(fold));
      turn = alike.get(folded) ?? 0;
      alike.set(folded, turn + 1);
    }
    const name = how + String(turn);
    let run = runs.get(name);
    if (run === undefined) runs.set(name, (run = { how, tuples: [], positions: [] }));
    for (const tuple of tuples) run.tuples.push(tuple);
    run.positions.push(position);
  }
  return [...runs.values()].map(({ how, tuples, positions }) => ({
    how,
    keys: columns.length === 1 ? `[${tuples.join(',')}]` : `[[${tuples.join('],[')}]]`,
    positions,
  }));
}

/** A key in JSON, without the brackets. A column without a type holds 17 and '17', which have one name: both are named. */
function written(
  columns: readonly KeyColumn[],
  parts: LoggedParts,
): { readonly how: How; readonly tuples: readonly string[] } {
  let how: How = 'typed';
  let tuples = [''];
  for (const [at, { affinity }] of columns.entries()) {
    const text = parts[at] ?? '';
    const isText = typeof text === 'string';
    const numeric = isText && affinity !== 'text' && (affinity === 'integer' ? integer : number).test(text);
    if (!isText) how = 'blobs';
    else if (!numeric && affinity !== 'text' && affinity !== 'none' && how === 'typed') how = 'loose';
    const comma = at === 0 ? '' : ',';
    const quoted = numeric && affinity !== 'none' ? text : inJson(text);
    const others = numeric && affinity === 'none' ? tuples.map((before) => before + comma + text) : [];
    for (const [place, before] of tuples.entries()) tuples[place] = before + comma + quoted;
    if (others.length > 0) tuples = [...others, ...tuples];
  }
  return { how, tuples };
}

/** Nearly all texts: without a character to escape. */
const plain = /^[\w .-]*$/;

/** A part of a key in JSON: a text; a blob as an array of its hex digits. */
export const inJson = (part: string | Buffer): string =>
  typeof part === 'string'
    ? plain.test(part)
      ? `"${part}"`
      : JSON.stringify(part)
    : JSON.stringify([part.toString('hex')]);

/** One text for all that some collation or affinity calls equal. */
const fold = (part: string | Buffer): string =>
  typeof part === 'string' ? foldText(part) : part.toString('hex');

const foldText = (text: string): string =>
  /^\s*[-+.\d]/.test(text) && !Number.isNaN(Number(text))
    ? String(Number(text))
    : text.toLowerCase().trimEnd();
