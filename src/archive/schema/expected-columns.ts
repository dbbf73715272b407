import type { Catalogue, Decoder, Kind, OwnKind } from '../../mapping/kinds';
import { type IdentityColumn, identityOfOwn, markColumn } from '../../mapping/own-key';
import type { ColumnFacts } from './facts';

/** A column that Millrace writes: its type in tables of ours, and which types will do in a table that was there before. */
export interface ExpectedColumn {
  readonly name: string;
  readonly type: string;
  readonly accepts: (column: ColumnFacts) => boolean;
}

const isText = ({ category }: ColumnFacts): boolean => category === 'S' || category === 'E';
const isNumber = ({ category }: ColumnFacts): boolean => category === 'N';
const isJson = (column: ColumnFacts): boolean => ['json', 'jsonb'].includes(column.udt) || isText(column);
const isTime = ({ udt }: ColumnFacts): boolean => udt === 'timestamp' || udt === 'timestamptz';
const isId = ({ udt }: ColumnFacts): boolean => ['int2', 'int4', 'int8'].includes(udt);
const exactly = (udt: string) => (column: ColumnFacts) => column.udt === udt;

const byDecoder: Readonly<Record<Decoder, Omit<ExpectedColumn, 'name'>>> = {
  text: { type: 'text', accepts: isText },
  json: { type: 'json', accepts: isJson },
  integer: { type: 'bigint', accepts: isNumber },
  float: { type: 'double precision', accepts: isNumber },
  time: { type: 'timestamp without time zone', accepts: isTime },
  bool: { type: 'boolean', accepts: exactly('bool') },
  uuid: { type: 'uuid', accepts: exactly('uuid') },
  bytes: { type: 'bytea', accepts: exactly('bytea') },
};

const id = (name: string): ExpectedColumn => ({ name, type: 'bigint', accepts: isId });

/** The columns that a kind's table must have, in order. */
export const expectedColumns = ({ parents, columns }: Kind): readonly ExpectedColumn[] => [
  id('id'),
  ...parents.map(({ column }) => id(column)),
  ...columns.map(({ column, decoder }) => ({ name: column, ...byDecoder[decoder] })),
];

const keyOfType: Readonly<Record<IdentityColumn['type'], Omit<ExpectedColumn, 'name'>>> = {
  int: { type: 'bigint', accepts: isId },
  // No other type of text: in citext two keys may be one, and char(n) fills values up.
  text: { type: 'text', accepts: ({ udt }: ColumnFacts) => udt === 'text' || udt === 'varchar' },
  uuid: byDecoder.uuid,
  bytes: byDecoder.bytes,
  // No other type of time: one without a zone is read in that of the session, and timestamptz(0) makes one of two moments.
  time: { type: 'timestamptz', accepts: ({ type }: ColumnFacts) => type === 'timestamp with time zone' },
};

/** The columns that the table of a mapping of the user's own must have. Times have a zone there, for nobody else has said what they mean. */
export const expectedOwnColumns = ({ columns, own }: OwnKind): readonly ExpectedColumn[] => [
  ...identityOfOwn(own).map(({ column, type }) => ({ name: column, ...keyOfType[type] })),
  ...columns
    .filter(({ column }) => column !== own.born)
    .map(({ column, decoder }) => ({
      name: column,
      ...byDecoder[decoder],
      ...(decoder === 'time' ? { type: 'timestamptz' } : {}),
    })),
  ...(own.onDelete === 'mark' ? [{ name: markColumn, type: 'timestamptz', accepts: isTime }] : []),
];

/** The column that tells our rows from others, for kinds with one. Migration 0003 adds it; no other program has it. */
export function identityColumn({ identity }: Kind): ExpectedColumn | undefined {
  if (identity === 'dated') return { name: 'redis_id', type: 'bigint', accepts: exactly('int8') };
  if (identity === 'keyed') return { name: 'redis_key', type: 'uuid', accepts: exactly('uuid') };
  return undefined;
}

export const kindOfTable = (catalogue: Catalogue, table: string): Kind | undefined =>
  [...catalogue.values()].find((kind) => kind.table === table);
