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

/** Asks in a session of its own. */
export async function query(access: DatabaseAccess, database: string, sql: string): Promise<readonly Row[]> {
  // Told not to use SSL: the user's PGSSLMODE is for other servers.
  const client = new Client({ ...access, database, ssl: false, connectionTimeoutMillis: TIMEOUT_MS });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Asks a question in the database, which is made when missing. @param database a plain identifier */
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
