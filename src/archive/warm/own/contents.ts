import type { TextRow } from '../../../connections/postgres/postgres';
import type { Column, OwnKind } from '../../../mapping/kinds';
import { latin1, partsOf } from '../../../mapping/own-key';
import type { Found } from '../../record/found';
import { mostKeyBytes } from '../../record/key';
import { Unlike } from '../python-form';
import { asField, asJson, requireJson } from './form';

/** A key to put back. */
export interface KeyToRestore {
  /** The part of the key after the prefix. */
  readonly id: Buffer;
  /** What the command that writes it is given after the key. */
  readonly contents: readonly Buffer[];
  /** What will be read there. */
  readonly found: readonly Found[];
}

/** What follows the prefix in the key of a row; undefined: the row's key is none that Redis could have. @param row with k0 … */
export function idOf({ own, prefix }: OwnKind, row: TextRow): Buffer | undefined {
  const values = own.parts.map((_part, index) => latin1(row[`k${index}`] ?? ''));
  const id = own.parts.map(({ after }, index) => (values[index] ?? '') + latin1(after)).join('');
  const read = latin1(prefix).length + id.length > mostKeyBytes ? undefined : partsOf(own, id);
  return read?.every((part, index) => part === values[index]) === true
    ? Buffer.from(id, 'latin1')
    : undefined;
}

/** The key that holds one record, which a row came from. @param row with c0 … @throws Unlike */
export function keyOfRow(kind: OwnKind, id: Buffer, row: TextRow): KeyToRestore {
  const texts = kind.columns.map((_column, index) => row[`c${index}`] ?? null);
  const { contents, values } = contentsOf(kind, texts);
  return { id, contents, found: [{ kind, id, parents: [], values }] };
}

interface Contents {
  readonly contents: readonly Buffer[];
  /** As found.ts has them. */
  readonly values: Found['values'];
}

type Texts = readonly (string | null)[];

function contentsOf(kind: OwnKind, texts: Texts): Contents {
  if (kind.shape === 'hash') return hashOf(kind, texts);
  const { columns } = kind;
  const text = kind.shape === 'object' ? objectOf(columns, texts) : valueOf(kind, columns, texts);
  if (text === undefined) throw new Unlike(`the value of this ${kind.name} is NULL`);
  return { contents: [text], values: [text] };
}

function hashOf(kind: OwnKind, texts: Texts): Contents {
  const { columns, own } = kind;
  const fields = new Map<string, Buffer>();
  for (const [index, column] of columns.entries()) {
    const text = texts[index] ?? null;
    if (text !== null && !fields.has(column.field)) fields.set(column.field, asField(column, text));
  }
  // A hash without fields is no key.
  const [first] = columns;
  const none = first?.none ?? own.none;
  if (fields.size === 0 && first !== undefined && none !== undefined)
    fields.set(first.field, Buffer.from(none));
  if (fields.size === 0) throw new Unlike(`all fields of this ${kind.name} are NULL`);
  return {
    contents: [...fields].flatMap(([field, value]) => [Buffer.from(field), value]),
    values: columns.map(({ field }) => fields.get(field)),
  };
}

/** The JSON object whose members these columns are. @throws Unlike */
export function objectOf(columns: readonly Column[], texts: Texts): Buffer {
  const members = new Map<string, string>();
  for (const [index, column] of columns.entries()) {
    const text = texts[index] ?? null;
    if (text === null || members.has(column.field)) continue;
    if (column.decoder === 'json') requireJson(text, column.column);
    members.set(column.field, asJson(column, text));
  }
  const list = [...members].map(([field, value]) => `${JSON.stringify(field)}:${value}`);
  return Buffer.from(`{${list.join(',')}}`);
}

/** The one value that all these columns hold, each in its own type; undefined: they are NULL, and nothing means that. @throws Unlike */
export function valueOf({ own }: OwnKind, columns: readonly Column[], texts: Texts): Buffer | undefined {
  for (const [index, column] of columns.entries()) {
    const text = texts[index] ?? null;
    if (text !== null) return asField(column, text);
  }
  const none = columns[0]?.none ?? own.none;
  return none === undefined ? undefined : Buffer.from(none);
}
