import type { TextRow } from '../../../connections/postgres/postgres';
import type { Kind, OwnKind } from '../../../mapping/kinds';
import { latin1, partsOf } from '../../../mapping/own-key';
import type { Found } from '../../record/found';
import { mostKeyBytes } from '../../record/key';
import { asField, asJson, requireJson } from './form';
import { Unlike } from '../python-form';

/** A key to put back. */
export interface KeyToRestore {
  /** The part of the key after the prefix. */
  readonly id: Buffer;
  /** What the command that writes it is given after the key. */
  readonly contents: readonly Buffer[];
  /** What will be read there. */
  readonly found: readonly Found[];
}

/** Whether keys of a kind are put back: of the user's own those that hold one record each, by name. */
export const isRestored = ({ own, shape }: Kind): boolean =>
  own === undefined || shape === 'hash' || shape === 'object';

/** The type of a kind's keys, and the command that writes one. */
export const writingOf = ({ shape }: OwnKind): { readonly type: string; readonly command: string } =>
  shape === 'hash' ? { type: 'hash', command: 'HSET' } : { type: 'string', command: 'SET' };

/** What follows the prefix in the key of a row; undefined: the row's key is none that Redis could have. @param row with k0 … */
export function idOf({ own, prefix }: OwnKind, row: TextRow): Buffer | undefined {
  const values = own.parts.map((_part, index) => latin1(row[`k${index}`] ?? ''));
  const id = own.parts.map(({ after }, index) => (values[index] ?? '') + latin1(after)).join('');
  const read = latin1(prefix).length + id.length > mostKeyBytes ? undefined : partsOf(own, id);
  return read?.every((part, index) => part === values[index]) === true
    ? Buffer.from(id, 'latin1')
    : undefined;
}

/** The key that a row came from. @param row with c0 … @throws Unlike */
export function keyOfRow(kind: OwnKind, id: Buffer, row: TextRow): KeyToRestore {
  const { contents, values } = contentsOf(kind, row);
  return { id, contents, found: [{ kind, id, parents: [], values }] };
}

interface Contents {
  readonly contents: readonly Buffer[];
  /** As found.ts has them. */
  readonly values: Found['values'];
}

function contentsOf(kind: OwnKind, row: TextRow): Contents {
  if (kind.shape === 'text') return textOf(kind, row);
  return kind.shape === 'object' ? objectOf(kind, row) : hashOf(kind, row);
}

/** Of a string all columns are its value. */
function textOf({ columns, name }: OwnKind, row: TextRow): Contents {
  const values = columns.flatMap((column, index): Buffer[] => {
    const text = row[`c${index}`] ?? null;
    if (text !== null) return [asField(column, text)];
    return column.none === undefined ? [] : [Buffer.from(column.none)];
  });
  const [value] = values;
  if (value === undefined) throw new Unlike(`the value of this ${name} is NULL`);
  return { contents: [value], values: [value] };
}

function hashOf({ columns, own, name }: OwnKind, row: TextRow): Contents {
  const fields = new Map<string, Buffer>();
  for (const [index, column] of columns.entries()) {
    const text = row[`c${index}`] ?? null;
    if (text !== null && !fields.has(column.field)) fields.set(column.field, asField(column, text));
  }
  // A hash without fields is no key.
  const [first] = columns;
  if (fields.size === 0 && first !== undefined && own.none !== undefined)
    fields.set(first.field, Buffer.from(own.none));
  if (fields.size === 0) throw new Unlike(`all fields of this ${name} are NULL`);
  return {
    contents: [...fields].flatMap(([field, value]) => [Buffer.from(field), value]),
    values: columns.map(({ field }) => fields.get(field)),
  };
}

function objectOf({ columns }: OwnKind, row: TextRow): Contents {
  const members = new Map<string, string>();
  for (const [index, column] of columns.entries()) {
    const text = row[`c${index}`] ?? null;
    if (text === null || members.has(column.field)) continue;
    if (column.decoder === 'json') requireJson(text, column.column);
    members.set(column.field, asJson(column, text));
  }
  const list = [...members].map(([field, value]) => `${JSON.stringify(field)}:${value}`);
  const text = Buffer.from(`{${list.join(',')}}`);
  return { contents: [text], values: [text] };
}
