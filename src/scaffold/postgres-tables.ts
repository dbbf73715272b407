import type { PostgresConnection } from '../connections/postgres/postgres';
import { readSql } from '../foundation/package-root';

export interface FoundPostgres {
  /** The tables that a statement finds without naming their schema. */
  readonly tables: ReadonlySet<string>;
  /** Whether Millrace keeps an archive here. */
  readonly archive: boolean;
}

const sql = readSql('src/scaffold/sql/visible-tables.sql');

/** @throws an explained error */
export async function readPostgres(postgres: PostgresConnection): Promise<FoundPostgres> {
  const rows = await postgres.query(sql);
  const names = rows.map(({ nspname, relname }) => ({ schema: nspname, table: relname ?? '' }));
  return {
    tables: new Set(names.filter(({ schema }) => schema !== 'millrace').map(({ table }) => table)),
    archive: names.some(({ schema, table }) => schema === 'millrace' && table === 'checkpoint'),
  };
}
