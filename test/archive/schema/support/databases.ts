import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { quoteName } from '../../../../src/archive/record/target';
import { testPostgres } from '../../../support/postgres';

const clients: Client[] = [];
afterAll(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => undefined);
});

/** A connection that is closed after the test file. */
export async function connectTo(url: string, settings: ClientConfig = {}): Promise<Client> {
  const client = new Client({ ...settings, connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

export interface Database {
  readonly url: string;
  /** The server's superuser. */
  readonly admin: Client;
}

export async function emptyDatabase(): Promise<Database> {
  const { url } = await testPostgres();
  return { url, admin: await connectTo(url) };
}

/** A database as SQLAlchemy and its users left it. */
export async function foundDatabase(schema = 'public'): Promise<Database> {
  const database = await emptyDatabase();
  if (schema !== 'public') await database.admin.query(`CREATE SCHEMA ${quoteName(schema)}`);
  await database.admin.query(`SET search_path = ${quoteName(schema)}`);
  await putFoundTables(database.admin);
  await database.admin.query('RESET search_path');
  return database;
}

/** Puts the tables there that are found in the field, with rows. */
export async function putFoundTables(client: Client): Promise<void> {
  await client.query(readFileSync(join(__dirname, 'sqlalchemy.sql'), 'utf8'));
}

export interface Role {
  readonly name: string;
  readonly url: string;
  readonly client: Client;
}

/** A role that may log in to this database, and nothing else. Its name needs quotes: what forgets them fails. */
export async function roleIn({ url, admin }: Database): Promise<Role> {
  const name = `Role-${randomBytes(4).toString('hex')}`;
  await admin.query(`CREATE ROLE "${name}" LOGIN PASSWORD 'secret'`);
  const own = new URL(url);
  own.username = encodeURIComponent(name);
  own.password = 'secret';
  return { name, url: own.href, client: await connectTo(own.href) };
}

/** All rows of a query, as text. */
export async function texts(client: Client, sql: string): Promise<string[]> {
  const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
  return rows.map((row) => row.map(String).join('|'));
}

/** The catalogue of everything in the database that is not Postgres' own; differs when anything was changed. */
export async function fingerprint(client: Client): Promise<string[]> {
  return texts(client, readFileSync(join(__dirname, 'fingerprint.sql'), 'utf8'));
}

/** The hint's statements as an administrator would paste them. */
export async function paste(client: Client, hint: string | undefined): Promise<void> {
  await client.query((hint ?? '').replace(/-- or.*$/gm, ''));
}
