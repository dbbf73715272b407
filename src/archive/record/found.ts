import type { Kind } from '../../mapping/kinds';
import { pack, PackedError, unpack } from './packed';
import { shapeOf } from './shape';

/** A parent as the record names it. `created` is the parent's own creation time, read in the same moment as the record. */
export interface FoundParent {
  readonly id: Buffer | undefined;
  readonly created: Buffer | undefined;
}

/** A record exactly as it stands in Redis. */
export interface Found {
  readonly kind: Kind;
  /** The part of its key after the prefix. */
  readonly id: Buffer;
  readonly parents: readonly FoundParent[];
  /** The values in the order of the kind's columns; of a metric only its member, the JSON. */
  readonly values: readonly (Buffer | undefined)[];
}

/** Packs all of a record, so that a dead letter can be tried again when Redis no longer has it. A prediction has this form in the stream, too. */
export const packFound = ({ id, parents, values }: Found): Buffer =>
  pack([id, ...parents.flatMap(({ id: parent, created }) => [created, parent]), ...values]);

/** @throws PackedError on anything that packFound did not make */
export function unpackFound(kind: Kind, packed: Buffer): Found {
  const [id, ...rest] = unpack(packed);
  const values = rest.splice(kind.parents.length * 2);
  if (id === undefined || values.length !== shapeOf(kind).count(kind)) {
    throw new PackedError(`not a packed ${kind.name}`);
  }
  const parents = kind.parents.map((_parent, index) => ({
    created: rest[index * 2],
    id: rest[index * 2 + 1],
  }));
  return { kind, id, parents, values };
}

/** The record in a `metric=` field of the stream: id of the run, start of the run, name and split as in the key, member. @throws PackedError */
export function unpackMember(kind: Kind, packed: Buffer): Found {
  const [run, created, name, member] = unpack(packed);
  if (run === undefined || name === undefined || member === undefined)
    throw new PackedError(`not a packed ${kind.name}`);
  return {
    kind,
    id: Buffer.concat([run, Buffer.from(':'), name]),
    parents: [{ id: run, created }],
    values: [member],
  };
}
