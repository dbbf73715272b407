import type { RecordType } from '../../record-forms';

/** What other languages call the types of a record. */
const elsewhere: Readonly<Record<RecordType, readonly string[]>> = {
  text: ['string', 'str', 'varchar', 'character varying', 'char', 'character', 'citext', 'utf8'],
  int: [
    'integer',
    'bigint',
    'smallint',
    'int2',
    'int4',
    'int8',
    'int32',
    'int64',
    'long',
    'serial',
    'bigserial',
  ],
  float: ['real', 'double', 'double precision', 'float4', 'float8', 'decimal', 'numeric'],
  bool: ['boolean', 'bit', 'flag'],
  json: ['jsonb', 'object', 'map', 'array'],
  time: [
    'timestamp',
    'timestamptz',
    'datetime',
    'date',
    'timestamp with time zone',
    'timestamp without time zone',
  ],
  uuid: ['guid'],
  bytes: ['bytea', 'blob', 'binary', 'varbinary', 'buffer'],
};
const meant = new Map([
  ['number', 'int, or float'] as const,
  ...Object.entries(elsewhere).flatMap(([type, names]) => names.map((name) => [name, type] as const)),
]);

/** The type that a word of another language stands for; undefined: none. Lengths are no part of it: `varchar(20)`. */
export const typeMeant = (word: string): string | undefined =>
  meant.get(word.toLowerCase().replace(/\s*\([^)]*\)$/, ''));
