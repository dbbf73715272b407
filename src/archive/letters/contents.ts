import type { Kind } from '../../mapping/kinds';
import { type Found, packFound, unpackFound } from '../record/found';
import { pack, PackedError, unpack } from '../record/packed';
import { shapeOf } from '../record/shape';

/** The fields of a record that a letter keeps, in the order in which they were read. */
type Named = readonly (readonly [name: string, value: Buffer | undefined])[];

/**
 * A record as its letter keeps it. One of the user's own has its fields' names with it, behind an absent value (which no other form begins
 * with) and the shape of then: its mapping may be another one when the letter is read.
 */
export function packContents(found: Found): Buffer {
  const { kind, id, values } = found;
  if (kind.own === undefined) return packFound(found);
  const fields = shapeOf(kind)
    .names(kind)
    .flatMap((name, index) => [name, values[index]]);
  return pack([undefined, kind.shape, id, ...fields]);
}

/** The record of a letter under the mapping of today; undefined: what was kept cannot be read as one of it, and Redis is asked alone. */
export function readContents(kind: Kind, packed: Buffer): Found | undefined {
  const named = namedIn(packed);
  if (kind.own === undefined) return named === undefined ? intact(kind, packed) : undefined;
  if (named?.shape !== kind.shape) return undefined;
  const values = new Map(named.fields);
  const { names, several } = shapeOf(kind);
  const kept = names(kind).map((name) => values.get(name));
  // What tells it from the others of its key is called otherwise by now, and so is something else.
  if (several && kept[0] === undefined) return undefined;
  return { kind, id: named.id, parents: [], values: kept };
}

/** What a letter keeps, field by field, whatever its mapping is by now; empty: nothing of it can be read. */
export function fieldsIn(kind: Kind | undefined, packed: Buffer): Named {
  const named = namedIn(packed);
  if (named !== undefined) return named.fields;
  const found = kind === undefined || kind.own !== undefined ? undefined : intact(kind, packed);
  if (found === undefined) return [];
  const { parents, values } = found;
  return [
    ...found.kind.parents.map(({ column }, index) => [column, parents[index]?.id] as const),
    ...shapeOf(found.kind)
      .names(found.kind)
      .map((name, index) => [name, values[index]] as const),
  ];
}

function namedIn(packed: Buffer): { shape: string; id: Buffer; fields: Named } | undefined {
  const [mark, shape, id, ...fields] = unless(() => unpack(packed)) ?? [];
  if (mark !== undefined || shape === undefined || id === undefined) return undefined;
  const named: [string, Buffer | undefined][] = [];
  for (let at = 0; at < fields.length; at += 2) named.push([fields[at]?.toString() ?? '', fields[at + 1]]);
  return { shape: shape.toString(), id, fields: named };
}

const intact = (kind: Kind, packed: Buffer): Found | undefined => unless(() => unpackFound(kind, packed));

function unless<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof PackedError) return undefined;
    throw error;
  }
}
