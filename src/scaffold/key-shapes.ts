import type { FoundRedisKey } from './redis-sample';
import { singular } from './words';

/** Keys of one type that differ in some of their parts only: `user:{id}`, `tenant:{tenant}:user:{user}`. */
export interface KeyShape {
  readonly type: string;
  /** Literals and places, between which there are colons. */
  readonly parts: readonly ShapePart[];
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

const wholeNumber = /^(?:0|-?[1-9]\d{0,17})$/;
/** Numbers, UUIDs, ULIDs and what else nobody calls a thing by hand. */
const idLike = /^(?:-?\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|[0-9A-HJKMNP-TV-Z]{26})$/i;

/** Finds the shapes that keys have in common, those with the most keys first. A key that is like no other has none. Pure. */
export function shapesOf(keys: readonly FoundRedisKey[]): readonly KeyShape[] {
  const alike = grouped(
    keys.filter(({ key }) => key.length <= longestKey && key.includes(':')),
    ({ key, type }) => JSON.stringify([type, key.split(':').length]),
  );
  return [...alike.values()]
    .flatMap((group) => {
      const rows = group.map(({ key }) => key.split(':'));
      return divided(rows, 0, []).flatMap(({ pattern, members }) =>
        pattern.includes(undefined)
          ? [
              {
                type: group[0]?.type ?? '',
                parts: named(pattern, members),
                keys: members.map((row) => row.join(':')),
              },
            ]
          : [],
      );
    })
    .sort((a, b) => b.keys.length - a.keys.length || (order(a) < order(b) ? -1 : 1));
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
    return { place, whole: rows.every((row) => wholeNumber.test(row[at] ?? '')) };
  });
}

/** As people write it: `user:{id}`. */
export const shapeText = ({ parts }: Pick<KeyShape, 'parts'>): string =>
  parts.map((part) => ('literal' in part ? part.literal : `{${part.place}}`)).join(':');

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
