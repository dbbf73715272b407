import type { FoundRedisKey } from './redis-sample';
import { isWhole } from './field-types';
import type { OwnKeyPart, OwnRecord } from '../../mapping/own-key';
import { singular } from '../words';

/** Keys of one type that differ in some of their parts only: `user:{id}`, `tenant:{tenant}:user:{user}`, `user-{id}`. Or one key, `scores`. */
export interface KeyShape {
  readonly type: string;
  /** Literals and places, in turn or not. */
  readonly parts: readonly ShapePart[];
  /** What is between them. */
  readonly separator: ':' | '';
  readonly keys: readonly string[];
}

export type ShapePart =
  | { readonly literal: string }
  /** @property whole all of its values are whole numbers */
  | { readonly place: string; readonly whole: boolean };

type Row = readonly string[];
/** A literal, or undefined for a place. */
type Pattern = readonly (string | undefined)[];

/** Longer keys are somebody's data, and no pattern. */
const longestKey = 512;
/** So many different words in one place of a key are values, not names. */
const mostWords = 20;

/** Numbers, UUIDs, ULIDs and what else nobody calls a thing by hand. */
const ids = String.raw`-?\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|[0-9A-HJKMNP-TV-Z]{26}`;
const idLike = new RegExp(`^(?:${ids})$`, 'i');
/** `user-17`, `celery-task-meta-<uuid>`. */
const endsWithId = new RegExp(`^(.*?[^A-Za-z0-9])(${ids})$`, 'i');

export const isIdLike = (text: string): boolean => idLike.test(text);

/** Finds the shapes that keys have in common, those with the most keys first. A key that is like no other is a shape without places. Pure. */
export function shapesOf(keys: readonly FoundRedisKey[]): readonly KeyShape[] {
  const fit = keys.filter(({ key }) => key !== '' && key.length <= longestKey);
  const split = fit.map(({ key, type }) => ({ type, ...splitKey(key) }));
  const alike = grouped(split, ({ type, separator, row }) => JSON.stringify([type, separator, row.length]));
  return [...alike.values()]
    .flatMap((group) => {
      const [{ type, separator } = { type: '', separator: ':' as const }] = group;
      const rows = group.map(({ row }) => row);
      return divided(rows, 0, []).map(({ pattern, members }): KeyShape => ({
        ...{ type, separator, parts: named(pattern, members) },
        keys: members.map((row) => row.join(separator)),
      }));
    })
    .sort((a, b) => b.keys.length - a.keys.length || (order(a) < order(b) ? -1 : 1));
}

function splitKey(key: string): Pick<KeyShape, 'separator'> & { readonly row: Row } {
  if (key.includes(':')) return { separator: ':', row: key.split(':') };
  const [, before, id] = (isIdLike(key) ? null : endsWithId.exec(key)) ?? [];
  return { separator: '', row: before === undefined || id === undefined ? [key] : [before, id] };
}

const order = (shape: KeyShape): string => `${shapeText(shape)} ${shape.type}`;

interface Division {
  readonly pattern: Pattern;
  readonly members: readonly Row[];
}

/** Tells, part by part, names from values, and divides the rows by the names. */
function divided(rows: readonly Row[], at: number, before: Pattern): readonly Division[] {
  const length = rows[0]?.length ?? 0;
  if (at === length) return [{ pattern: before, members: rows }];
  const literals = (some: readonly Row[]) =>
    [...grouped(some, (row) => row[at] ?? '')].flatMap(([literal, members]) =>
      divided(members, at + 1, [...before, literal]),
    );
  const place = (some: readonly Row[]) =>
    some.length === 0 ? [] : divided(some, at + 1, [...before, undefined]);
  if (at === 0) return literals(rows);
  const others = rows.filter((row) => !idLike.test(row[at] ?? ''));
  const words = new Set(others.map((row) => row[at])).size;
  const areValues =
    at === length - 1
      ? rows.length > 1 && !(rows.length === others.length && words === 1)
      : words > mostWords;
  if (areValues) return place(rows);
  return [...place(rows.filter((row) => idLike.test(row[at] ?? ''))), ...literals(others)];
}

/** A single place is the id; of several each is called like the name before it. */
function named(pattern: Pattern, rows: readonly Row[]): readonly ShapePart[] {
  const single = pattern.filter((part) => part === undefined).length === 1;
  const taken = new Set<string>();
  return pattern.map((literal, at): ShapePart => {
    if (literal !== undefined) return { literal };
    const word = singular(pattern[at - 1] ?? '');
    const wanted = single || !/^[A-Za-z_]\w{0,40}$/.test(word) ? 'id' : word;
    let place = wanted;
    for (let n = 2; taken.has(place); n++) place = `${wanted}${n}`;
    taken.add(place);
    return { place, whole: rows.every((row) => isWhole(row[at] ?? '')) };
  });
}

/** As people write it: `user:{id}`. */
export const shapeText = ({ parts, separator }: Pick<KeyShape, 'parts' | 'separator'>): string =>
  parts.map((part) => ('literal' in part ? part.literal : `{${part.place}}`)).join(separator);

/** With types, as the file has it: `user:{id:int}`. */
export const templateOf = ({ parts, separator }: KeyShape): string =>
  parts
    .map((part) => ('literal' in part ? part.literal : `{${part.place}${part.whole ? ':int' : ''}}`))
    .join(separator);

/** What comes before the first place; all of it where there is none. */
export function prefixOf({ parts, separator }: KeyShape): string {
  const first = parts.findIndex((part) => 'place' in part);
  const literals = parts.flatMap((part) => ('literal' in part ? [part.literal] : []));
  if (first < 0) return literals.join(separator);
  return literals
    .slice(0, first)
    .map((literal) => literal + separator)
    .join('');
}

/** The places as parts of a key, each with the literal behind it. */
export function formOf({ parts, separator }: KeyShape): OwnRecord['parts'] {
  const form: OwnKeyPart[] = [];
  for (const [at, part] of parts.entries()) {
    const before = at === 0 ? '' : separator;
    const last = form.at(-1);
    const text = before + ('literal' in part ? part.literal : '');
    if (last !== undefined) form[form.length - 1] = { ...last, after: last.after + text };
    if ('place' in part) form.push({ column: part.place, type: 'text', rest: false, after: '' });
  }
  return form;
}

/** By the names of the places what a key of this shape has there. */
export function placesIn({ parts }: KeyShape, key: string): ReadonlyMap<string, string> {
  const { row } = splitKey(key);
  return new Map(parts.flatMap((part, at) => ('place' in part ? [[part.place, row[at] ?? '']] : [])));
}

export const isSingle = ({ parts }: Pick<KeyShape, 'parts'>): boolean =>
  parts.every((part) => 'literal' in part);

function grouped<T>(items: readonly T[], by: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = by(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
