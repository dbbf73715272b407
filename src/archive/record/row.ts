import { createHash } from 'node:crypto';
import type { Value } from './decode';
import { quote, Unfit } from './unfit';
import { instant } from './instant';
import type { Found, FoundParent } from './found';
import { isOwn, type Kind, type Parent } from '../../mapping/kinds';
import { type OwnRow, ownRowOf } from './own/own-row';
import { keyedId, shapeOf } from './shape';
import { objectIn } from './values';

/** The parent that a row names. Without `created` it is not known which record that was: Redis did not have it when the child was read. */
export interface Reference {
  readonly parent: Parent;
  readonly id: string;
  readonly created: string | undefined;
}

/** A record, checked and ready for Postgres; only the ids of its parents are missing. */
export interface Row {
  readonly kind: Kind;
  readonly found: Found;
  /** The Redis id; of a keyed record and one of the user's own, the part of its key after the prefix of the kind, latin1. */
  readonly id: string;
  /** Creation time, `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, of kinds that have one. */
  readonly created: string | undefined;
  /** One for each parent of the kind; null: the record names none, and need not. */
  readonly references: readonly (Reference | null)[];
  /** The values in the order of the kind's columns. */
  readonly values: readonly Value[];
  /** What tells the record from its siblings under the same parents, as md5 in hexadecimal; keyed kinds only. */
  readonly redisKey: string | undefined;
  /** Of a record of the user's own, which has no `references`. */
  readonly own: OwnRow | undefined;
}

const decimal = /^(?:0|[1-9]\d{0,18})$/;
const largest = 9_223_372_036_854_775_807n;

/** @param references shared by the records that are read together @throws Unfit, which names the column */
export function toRow(found: Found, references?: References): Row {
  const { kind } = found;
  const referred = kind.parents.map((parent, index) =>
    references === undefined
      ? referenceTo(parent, found.parents[index])
      : references.to(parent, found.parents[index]),
  );
  const born = kind.created === undefined ? undefined : createdOf(found, kind.created);
  const shape = shapeOf(kind);
  const values = shape.values(found);
  const keyed = kind.identity === 'keyed';
  return {
    kind,
    found,
    id: isOwn(kind) ? found.id.toString('latin1') : keyed ? keyedId(found) : ownId(found),
    created: born,
    references: referred,
    values,
    redisKey: keyed ? md5(shape.distinction(found)) : undefined,
    own: isOwn(kind) ? ownRowOf(kind, found, values, born) : undefined,
  };
}

/** The creation time as Redis has it. @throws Unfit for what is no JSON object where one belongs */
export const rawCreated = (
  { kind, values }: Pick<Found, 'kind' | 'values'>,
  field: string,
): Buffer | undefined =>
  kind.shape === 'object'
    ? objectIn(kind, values[0], 'the value of the key').get(field)
    : values[kind.columns.findIndex((column) => column.field === field)];

/** The creation time that is half of a record's identity, canonical. @throws Unfit */
export function createdOf(found: Pick<Found, 'kind' | 'values'>, field: string): string {
  const raw = rawCreated(found, field);
  if (raw === undefined) throw new Unfit('23502', field, 'is missing: the record is not complete');
  return instant(field, raw);
}

export const md5 = (bytes: Buffer | string): string => createHash('md5').update(bytes).digest('hex');

function ownId({ kind, id }: Found): string {
  const text = id.toString('latin1');
  if (!isId(text)) throw new Unfit('E_ID', 'id', `${quote(id)} is not the number of a ${kind.name}`);
  return text;
}

export const isId = (text: string): boolean =>
  decimal.test(text) && (text.length < 19 || BigInt(text) <= largest);

/** The parent that a record names; null: it names none, and need not. @throws Unfit */
export function referenceTo(parent: Parent, found: FoundParent | undefined): Reference | null {
  const id = found?.id?.toString('latin1') ?? '';
  if (parent.optional === true && (id === '' || /^0+(\.0*)?$/.test(id))) return null;
  if (!isId(id)) {
    throw new Unfit('E_ID', parent.column, `${quote(id)} is not the number of a ${parent.kind}`);
  }
  let created: string | undefined;
  try {
    created = found?.created === undefined ? undefined : instant('created_at', found.created);
  } catch {
    // The parent is parked itself, because of this very time; the child waits for it.
  }
  return { parent, id, created };
}

/** Makes references, and keeps the last one to each kind of parent: records that come together mostly have the same parent. */
export class References {
  readonly #last = new Map<Parent, { readonly found: FoundParent; readonly reference: Reference }>();

  /** @throws Unfit */
  to(parent: Parent, found: FoundParent | undefined): Reference | null {
    const known = this.#last.get(parent);
    if (known !== undefined && found !== undefined && same(known.found, found)) return known.reference;
    const reference = referenceTo(parent, found);
    if (found !== undefined && reference !== null)
      this.#last.set(parent, { found: copied(found), reference });
    return reference;
  }
}

const same = (a: FoundParent, b: FoundParent): boolean => equal(a.id, b.id) && equal(a.created, b.created);

const equal = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.equals(b);

/** Copies the bytes: a window would keep the whole reply in memory. */
const copied = ({ id, created }: FoundParent): FoundParent => ({
  id: id && Buffer.from(id),
  created: created && Buffer.from(created),
});
