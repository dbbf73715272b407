import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { decode, type Value } from './decode';
import { quote, Unfit } from './unfit';
import { instant } from './instant';
import type { Found, FoundParent } from './found';
import type { Column, Kind, Parent } from '../../mapping/kinds';
import { parseMember } from './metric-member';

/** Which record a row belongs under. Without `created` nobody knows: it was not in Redis when its child was read. */
export interface Reference {
  readonly parent: Parent;
  readonly id: string;
  readonly created: string | undefined;
}

/** A record, checked and ready for Postgres but for the ids of its parents. */
export interface Row {
  readonly kind: Kind;
  readonly found: Found;
  /** The Redis id; of a keyed record, what follows `aidb:<kind>:`. */
  readonly id: string;
  /** Creation time, `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, of kinds that have one. */
  readonly created: string | undefined;
  /** One for each parent of the kind; null: none, as is allowed. */
  readonly references: readonly (Reference | null)[];
  /** In the order of the kind's columns. */
  readonly values: readonly Value[];
  /** What tells it from its siblings under the same parents, as md5 in hexadecimal; keyed kinds only. */
  readonly redisKey: string | undefined;
}

const decimal = /^(?:0|[1-9]\d{0,18})$/;
const largest = 9_223_372_036_854_775_807n;

/** @throws Unfit, which names the column */
export function toRow(found: Found): Row {
  const { kind } = found;
  const references = kind.parents.map((parent, index) => referenceTo(parent, found.parents[index]));
  const born = kind.created === undefined ? undefined : createdOf(found, kind.created);
  const values = kind.name === 'metric' ? metricValues(found) : hashValues(found, born);
  const keyed = kind.identity === 'keyed';
  return {
    kind,
    found,
    id: keyed ? keyedId(found) : ownId(found),
    created: born,
    references,
    values,
    redisKey: keyed ? md5(distinction(found)) : undefined,
  };
}

/** The creation time that is half of a record's identity, canonical. @throws Unfit */
export function createdOf({ kind, values }: Pick<Found, 'kind' | 'values'>, field: string): string {
  const raw = values[kind.columns.findIndex((column) => column.field === field)];
  if (raw === undefined) throw new Unfit('23502', field, 'is missing: the record is not complete');
  return instant(field, raw);
}

export const md5 = (bytes: Buffer | string): string => createHash('md5').update(bytes).digest('hex');

/** What tells a keyed record from its siblings: the member of a metric, the name of a hyperparameter. */
function distinction({ kind, values }: Found): Buffer | string {
  return kind.name === 'exprun' ? kind.name : (values[0] ?? '');
}

function ownId({ kind, id }: Found): string {
  const text = id.toString('latin1');
  if (!isId(text)) throw new Unfit('E_ID', 'id', `${quote(id)} is not the number of a ${kind.name}`);
  return text;
}

/** What has a colon too many belongs to somebody else; only the names of metrics may have any. */
function keyedId({ kind, id }: Found): string {
  const text = id.toString('latin1');
  if (kind.name !== 'metric' && text.split(':').length > kind.parents.length)
    throw new Unfit('E_ID', 'id', `${quote(id)} is not the key of a ${kind.name}`);
  return text;
}

export const isId = (text: string): boolean =>
  decimal.test(text) && (text.length < 19 || BigInt(text) <= largest);

/** Records that come together mostly belong to one parent: the last reference to each kind of parent is made once. */
const last = new Map<Parent, { readonly found: FoundParent; readonly reference: Reference }>();

/** @throws Unfit */
export function referenceTo(parent: Parent, found: FoundParent | undefined): Reference | null {
  const known = last.get(parent);
  if (known !== undefined && found !== undefined && same(known.found, found)) return known.reference;
  const id = found?.id?.toString('latin1') ?? '';
  if (parent.optional === true && (id === '' || /^0+(\.0*)?$/.test(id))) return null;
  if (!isId(id)) {
    throw new Unfit('E_ID', parent.column, `${quote(id)} is not the number of a ${parent.kind}`);
  }
  let created: string | undefined;
  try {
    created = found?.created === undefined ? undefined : instant('created_at', found.created);
  } catch {
    // The parent is parked itself, for this very time: its children wait for it.
  }
  const made = { parent, id, created };
  if (found !== undefined) last.set(parent, { found: copied(found), reference: made });
  return made;
}

const same = (a: FoundParent, b: FoundParent): boolean => equal(a.id, b.id) && equal(a.created, b.created);

const equal = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.equals(b);

/** A window would keep the whole reply it looks into. */
const copied = ({ id, created }: FoundParent): FoundParent => ({
  id: id && Buffer.from(id),
  created: created && Buffer.from(created),
});

function hashValues({ kind, values }: Found, born: string | undefined): Value[] {
  return kind.columns.map((column, index) =>
    column.field === kind.created && born !== undefined ? `${born}+00` : valueOf(column, values[index]),
  );
}

function valueOf({ column, decoder, required }: Column, raw: Buffer | undefined): Value {
  if (raw === undefined && required) {
    throw new Unfit('23502', column, 'is missing: the record is not complete');
  }
  return decode(decoder, column, raw);
}

function metricValues({ kind, values: [member] }: Found): Value[] {
  if (member === undefined || !isUtf8(member)) {
    throw new Unfit('22021', undefined, 'the member of the sorted set is not UTF-8');
  }
  const fields = parseMember(member);
  return kind.columns.map((column) => valueOf(column, fields.get(column.field)));
}
