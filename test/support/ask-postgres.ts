import { Client } from 'pg';

export type Row = Record<string, unknown>;

/** The rows of one statement, in a connection of its own. */
export async function askPostgres(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined); // tests stop the server on purpose
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
