import { isUtf8 } from 'node:buffer';
import type { KindName, OwnKind } from '../../../mapping/kinds';
import { nameOf, type OwnItem, type OwnKeyPart, partsOf } from '../../../mapping/own-key';
import { parameter, type Value } from '../decode';
import { quote, Unfit } from '../unfit';

/** What the key of a record of the user's own says, and which records it refers to. */
export interface OwnRow {
  /** The values of the columns that a row is found by: the parts of the key, and what tells the rows of a key apart. */
  readonly key: readonly string[];
  /** Of these the latter, where a key may have several rows. */
  readonly told: string | undefined;
  readonly refers: readonly OwnParent[];
}

/** A record of another mapping that a record names. */
export interface OwnParent {
  readonly kind: KindName;
  /** The column of the child that names it. */
  readonly column: string;
  /** The value of the parent's key column. */
  readonly value: string;
}

/**
 * @param found its first value is the item, where the key holds several @param values in the order of the kind's columns
 * @param born creation time, canonical, where that tells the record from others that have had its key
 * @throws Unfit, which names the column
 */
export function ownRowOf(
  kind: OwnKind,
  { id, values: [item] }: { readonly id: Buffer; readonly values: readonly (Buffer | undefined)[] },
  values: readonly Value[],
  born?: string,
): OwnRow {
  const parts = keyValues(kind, id);
  const told = born === undefined ? kind.own.item && itemValue(kind.own.item, item) : bornAs(born);
  const refers = kind.own.refers.flatMap(({ kind: parent, column }): OwnParent[] => {
    const part = kind.own.parts.findIndex((one) => one.column === column);
    const at = kind.columns.findIndex((one) => one.column === column);
    const value = part >= 0 ? parts[part] : parameter(values[at]);
    if (value == null) return [];
    // One number has one key, however the field writes it.
    const number = kind.columns[at]?.decoder === 'integer';
    return [{ kind: parent, column, value: number ? asNumber(column, value) : value }];
  });
  return { key: told === undefined ? parts : [...parts, told], told, refers };
}

/** A creation time as Postgres is given it, and as `textOf` prints it. @param born canonical: instant.ts */
export const bornAs = (born: string): string => `${born}+00`;

/** The values of the columns that are parts of the key. @throws Unfit */
export function keyValues({ name, own }: OwnKind, id: Buffer): readonly string[] {
  const parts = partsOf(own, id.toString('latin1'));
  if (parts === undefined)
    throw new Unfit('E_ID', own.parts[0]?.column, `${quote(id)} is no key of a ${name}`);
  return own.parts.map((part, index) => valueOf(part, parts[index] ?? ''));
}

const canonical = /^(?:0|-?[1-9]\d{0,18})$/;
const [least, largest] = [-(2n ** 63n), 2n ** 63n - 1n];

function asNumber(column: string, text: string): string {
  const number = BigInt(text);
  if (number >= least && number <= largest) return number.toString();
  throw new Unfit('22003', column, `${quote(text)} is out of range for bigint`);
}

function valueOf({ column, type }: Pick<OwnKeyPart, 'column' | 'type'>, latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1');
  if (type === 'int') {
    // Two keys of one number would be one row.
    if (!canonical.test(latin1))
      throw new Unfit('E_ID', column, `${quote(bytes)} is not the way to write a number`);
    return asNumber(column, latin1);
  }
  if (latin1.includes('\0')) throw new Unfit('22021', column, 'holds a NUL byte, which no Postgres text can');
  if (!isUtf8(bytes)) throw new Unfit('22021', column, `${quote(bytes)} is not UTF-8`);
  return bytes.toString('utf8');
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What tells an item from the others of its key, as its column holds it. @throws Unfit */
export function itemValue({ column, type }: OwnItem, raw: Buffer = Buffer.alloc(0)): string {
  if (type === 'bytes') return `\\x${raw.toString('hex')}`;
  const text = raw.toString('latin1');
  // Two spellings of one UUID would be one row, as two of one number would.
  if (type === 'uuid' && !uuid.test(text))
    throw new Unfit('22P02', column, `${quote(raw)} is not the way to write a UUID`);
  return type === 'uuid' ? text : valueOf({ column, type }, text);
}

/** What follows the prefix in the key of the record that is referred to, as latin1. */
export const parentName = ({ own }: OwnKind, value: string): string => nameOf(own, value);
