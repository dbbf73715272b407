import type { Catalogue, Decoder, Kind } from '../../mapping/kinds';
import type { ColumnFacts } from './facts';

/** A column Millrace writes: the type it has in tables of ours, and what else will do where it was found. */
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
  'float or none': { type: 'double precision', accepts: isNumber },
  time: { type: 'timestamp without time zone', accepts: isTime },
  'time or none': { type: 'timestamp without time zone', accepts: isTime },
};

const id = (name: string): ExpectedColumn => ({ name, type: 'bigint', accepts: isId });

/** The columns of LAYOUTS.md section 3. */
export const expectedColumns = ({ parents, columns }: Kind): readonly ExpectedColumn[] => [
  id('id'),
  ...parents.map(({ column }) => id(column)),
  ...columns.map(({ column, decoder }) => ({ name: column, ...byDecoder[decoder] })),
];

/** Ours, added by migration 0003: absent before it, and no other program's when present. */
export function identityColumn({ identity }: Kind): ExpectedColumn | undefined {
  if (identity === 'dated') return { name: 'redis_id', type: 'bigint', accepts: exactly('int8') };
  if (identity === 'keyed') return { name: 'redis_key', type: 'uuid', accepts: exactly('uuid') };
  return undefined;
}

export const kindOfTable = (catalogue: Catalogue, table: string): Kind | undefined =>
  [...catalogue.values()].find((kind) => kind.table === table);
