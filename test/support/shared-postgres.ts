import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { migrate } from '../../src/archive/schema/migrate';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { type EmbeddedPostgres, startPostgres } from '../../src/embedded/postgres/postgres';
import { LOOPBACK } from '../../src/embedded/process/ask-redis';
import { describeError } from '../../src/foundation/errors';

/** The port where Jest's own process, from global-setup.ts on, tells the URL of the run's Postgres. */
const PORT_VARIABLE = 'MILLRACE_TEST_POSTGRES';

interface Offer {
  readonly listener: Server;
  readonly dataDir: string;
  started?: Promise<EmbeddedPostgres>;
  migrated?: Promise<void>;
}

let offer: Offer | undefined;

/** An empty folder that other users can reach: root's Postgres runs as one of them. */
export function postgresFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-postgres-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Starts the server for the first who asks: runs that need none do without. */
function startShared(current: Offer): Promise<EmbeddedPostgres> {
  // For a run of the whole suite against another version: a folder with its binaries.
  const binDir = process.env['MILLRACE_TEST_POSTGRES_BIN'];
  current.started ??= startPostgres({
    dataDir: current.dataDir,
    persist: false,
    extraSettings: { max_connections: '200' },
    ...(binDir === undefined ? {} : { binDir }),
  });
  return current.started;
}

/** A database that every other one can be copied from, which is quicker than to migrate it. Nobody else connects to it. */
export const template = 'millrace_migrated';

async function makeTemplate(server: string): Promise<void> {
  await withClient(server, (client) => client.query(`CREATE DATABASE ${template}`));
  await withClient(databaseUrl(server, template), (client) => migrate(client, { catalogue: aiRegistry }));
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await work(client).finally(() => client.end());
}

export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** The server, with its template. */
async function startComplete(current: Offer): Promise<EmbeddedPostgres> {
  const server = await startShared(current);
  await (current.migrated ??= makeTemplate(server.url));
  return server;
}

/** In Jest's own process, before the tests. */
export async function offerPostgres(): Promise<void> {
  const listener = createServer((socket) => {
    socket.on('error', () => undefined);
    startComplete(current).then(
      ({ url }) => socket.end(JSON.stringify({ url })),
      (error: unknown) => socket.end(JSON.stringify({ problem: describeError(error).message })),
    );
  });
  const current: Offer = { listener, dataDir: postgresFolder() };
  offer = current;
  listener.unref();
  await new Promise<void>((resolve) => listener.listen(0, LOOPBACK, resolve));
  const address = listener.address();
  if (address !== null && typeof address !== 'string') process.env[PORT_VARIABLE] = String(address.port);
}

/** In Jest's own process, after the tests. */
export async function withdrawPostgres(): Promise<void> {
  const { listener, dataDir, started } = offer ?? {};
  listener?.close();
  const postgres = await started?.catch(() => undefined);
  await postgres?.stop();
  if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true });
  offer = undefined;
}

/** The URL of the run's Postgres, with its superuser's password. */
export async function sharedPostgresUrl(): Promise<string> {
  const port = Number(process.env[PORT_VARIABLE]);
  const answer = JSON.parse(await text(connect({ host: LOOPBACK, port }))) as {
    readonly url?: string;
    readonly problem?: string;
  };
  if (answer.url === undefined) throw new Error(answer.problem);
  return answer.url;
}
