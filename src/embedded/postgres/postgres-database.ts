import { Client } from 'pg';

import { describeError } from '../../foundation/errors';

export interface DatabaseAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

type Row = Readonly<Record<string, unknown>>;

const NO_SUCH_DATABASE = '3D000';
const TIMEOUT_MS = 30_000;

/** Runs a statement in a session of its own. */
export async function query(access: DatabaseAccess, database: string, sql: string): Promise<readonly Row[]> {
  // `ssl: false`, because the user's PGSSLMODE is meant for other servers.
  const client = new Client({ ...access, database, ssl: false, connectionTimeoutMillis: TIMEOUT_MS });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Makes a database if it is missing. @param database a plain identifier */
export async function ensureDatabase(access: DatabaseAccess, database: string): Promise<void> {
  const ask = () => query(access, database, 'SELECT 1');
  try {
    await ask();
  } catch (error) {
    if (describeError(error).code !== NO_SUCH_DATABASE) throw error;
    await query(access, 'postgres', `CREATE DATABASE ${database}`);
    await ask();
  }
}
