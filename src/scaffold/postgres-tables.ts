import type { PostgresConnection } from '../connections/postgres/postgres';
import { readSql } from '../foundation/package-root';

export interface FoundPostgres {
  /** The tables that a statement finds without naming their schema. */
  readonly tables: ReadonlySet<string>;
  /** Whether Millrace keeps an archive here, be it of the registry or of records of the user's own. */
  readonly archive: boolean;
  /** Records of the user's own that it has served into it. */
  readonly mapped: readonly MappedRecord[];
}

export interface MappedRecord {
  readonly name: string;
  /** What its keys begin with. */
  readonly prefix: string;
  /** Without its schema. */
  readonly table: string;
}

const sql = readSql('src/scaffold/sql/visible-tables.sql');
const mappedSql = readSql('src/scaffold/sql/mapped.sql');

/** @throws an explained error */
export async function readPostgres(postgres: PostgresConnection): Promise<FoundPostgres> {
  const rows = await postgres.query(sql);
  const names = rows.map(({ nspname, relname }) => ({ schema: nspname, table: relname ?? '' }));
  const has = (name: string) => names.some(({ schema, table }) => schema === 'millrace' && table === name);
  const mapped = has('mapped') ? await postgres.query(mappedSql) : [];
  return {
    mapped: mapped.map(({ kind, prefix, table_name: table }) => ({
      ...{ name: kind ?? '', prefix: prefix ?? '', table: table ?? '' },
    })),
    tables: new Set(names.filter(({ schema }) => schema !== 'millrace').map(({ table }) => table)),
    archive: has('checkpoint'),
  };
}
