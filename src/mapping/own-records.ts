import type { Column, Decoder, Kind, ShapeName } from './kinds';
import type { Identified } from './identified';
import { type IdentityType, identityTypes, type OwnRecord } from './own-key';
import { type Holds, isEach, itemWord, type RecordType } from './record-forms';
import { statisticsOf } from './statistics';

/** A record of the user's own: in Redis a key, or one of the things that a key holds; in Postgres a row of a table. */
export interface RecordMapping {
  readonly name: string;
  readonly table: string;
  readonly key: RecordKey;
  readonly holds: Holds;
  readonly columns: readonly RecordColumn[];
  readonly parents: readonly RecordParent[];
  readonly unique: OwnRecord['unique'];
  /** A value that means NULL; undefined: none does. */
  readonly none: string | undefined;
  readonly onDelete: OwnRecord['onDelete'];
  /** What becomes of a row with the record's key that no record was written to yet. */
  readonly onConflict: OwnRecord['onConflict'];
  /** Its records never change, so that their keys say everything. */
  readonly appendOnly: boolean;
  /** After how many days records leave Redis, once they are in Postgres; undefined: they stay. Only of those that are appended only. */
  readonly retentionDays: number | undefined;
  /** Of the user's own: the column with the creation time that tells a record from others that have had its key. */
  readonly born?: string;
  /** What tells its records from others that have had their keys; without it the key is all that tells one. */
  readonly identified?: Identified;
}

/** `user:{id:int}`. */
export interface RecordKey {
  readonly prefix: string;
  /** Each under the name it has in the template, which is its column's as well. */
  readonly parts: OwnRecord['parts'];
}

export interface RecordColumn {
  readonly column: string;
  /** A field of the hash, of the JSON object (which a field's value, a member or an element may be) or of the entry; or one of `itemWords`. */
  readonly field: string;
  readonly type: RecordType;
  /** A record without a value there is parked. */
  readonly required: boolean;
  /** A value that means NULL. */
  readonly none?: string;
}

/** A column that holds the key of a record of another mapping, whose key has one part. */
export interface RecordParent {
  readonly column: string;
  readonly record: string;
  /** Where its value is: in a field, or in a part of the record's own key, which is this column then. */
  readonly from: { readonly field: string; readonly required: boolean } | { readonly part: string };
}

export const decoders: Readonly<Record<RecordType, Decoder>> = {
  text: 'text',
  int: 'integer',
  float: 'float',
  bool: 'bool',
  json: 'json',
  time: 'time',
  uuid: 'uuid',
  bytes: 'bytes',
};

const shapes: Readonly<Record<Holds, ShapeName>> = {
  hash: 'hash',
  json: 'object',
  string: 'text',
  field: 'items',
  member: 'items',
  element: 'items',
  entry: 'entries',
};

/** @param byName all mappings, for its parents */
export function ownKind(mapping: RecordMapping, byName: ReadonlyMap<string, RecordMapping>): Kind {
  const { name, table, key, parents, unique, none, onDelete, onConflict, retentionDays } = mapping;
  const inKey = new Map(parents.flatMap(({ column, from }) => ('part' in from ? [[from.part, column]] : [])));
  const parts = key.parts.map((part) => ({ ...part, column: inKey.get(part.column) ?? part.column }));
  const item = itemOf(mapping);
  if (parts.length === 0 && item === undefined) throw new Error(`the key of ${name} has no part`);
  const references = parents.flatMap(({ column, record, from }): Column[] => {
    if (!('field' in from)) return [];
    const decoder = byName.get(record)?.key.parts[0]?.type === 'int' ? 'integer' : 'text';
    return [{ column, field: from.field, decoder, ...(from.required ? { required: true } : {}) }];
  });
  const others = mapping.columns.filter(({ column }) => column !== item?.column);
  const columns = others.map(({ column, field, type, required, none: ofColumn }): Column => ({
    ...{ column, field, decoder: decoders[type] },
    ...(required ? { required: true } : {}),
    ...(ofColumn === undefined ? {} : { none: ofColumn }),
  }));
  const refers = parents.map(({ column, record }) => ({ column, kind: record }));
  const created = columns.find(({ column }) => column === mapping.born)?.field;
  return {
    ...{ name, prefix: key.prefix, table, identity: 'own', statistic: lineOf(name), parents: [] },
    shape: shapes[mapping.holds],
    columns: [...references, ...columns],
    ...(mapping.appendOnly ? { appendOnly: true } : {}),
    ...(created === undefined ? {} : { created }),
    own: {
      ...{ parts, refers, unique, none, born: mapping.born },
      ...{ item, onDelete, onConflict, retentionDays },
    },
  };
}

const itemOf = ({ holds, columns }: RecordMapping): OwnRecord['item'] => {
  const found = isEach(holds) ? columns.find(({ field }) => field === itemWord[holds]) : undefined;
  if (!isEach(holds) || found === undefined) return undefined;
  const { column, type } = found;
  if (!isIdentityType(type)) throw new Error(`${column} tells items apart, and cannot be of type ${type}`);
  return { each: holds, column, type };
};

export const isIdentityType = (type: RecordType): type is IdentityType =>
  (identityTypes as readonly RecordType[]).includes(type);

/** The line of the statistics: `errors`, and what the registry counts, have theirs already. */
const lineOf = (name: string): string => (takenLines.has(name) ? `${name} (records)` : name);
const takenLines: ReadonlySet<string> = new Set([...statisticsOf(new Map()), 'errors']);
