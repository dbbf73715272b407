import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import { parsePostgresUrl } from '../../../src/connections/postgres/postgres-url';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { migrate } from '../../../src/archive/schema/migrate';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { readAsset } from '../../../src/foundation/package-root';
import { ensureLibrary } from '../../../src/writer/library';
import { testPostgres, type TestPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';
import { type TestCertificates } from '../../support/tls';
import { tlsPostgres } from '../../support/tls-postgres';
import { tlsRedis } from '../../support/tls-redis';
import type { World } from './main-path';

export interface FullWorld extends World {
  /** The superusers of both. */
  readonly redis: TestRedis;
  readonly postgres: TestPostgres;
}

const linesOf =
  ({ pool }: TestPostgres): World['lines'] =>
  async (sql) => {
    const { rows } = await pool.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows.map((row) => row.map(String).join('|'));
  };

export async function plainWorld(): Promise<FullWorld> {
  const [redis, postgres] = await Promise.all([testRedis(), testPostgres()]);
  return {
    ...{ redis, postgres, lines: linesOf(postgres) },
    environment: { REDIS_URL: redis.url, POSTGRES_URL: postgres.url },
    writer: redis.url,
    application: redis.client,
  };
}

const closers: (() => void)[] = [];
afterAll(() => {
  for (const close of closers.splice(0)) close();
});

/** The daemon and ModelStore over TLS, with certificates of their own; Postgres does not let them in without. */
export async function tlsWorld(certificates: TestCertificates): Promise<FullWorld> {
  const { ca, client } = certificates;
  const [redis, postgres] = await Promise.all([tlsRedis(certificates), tlsPostgres(certificates)]);
  await redis.askForClients(true);
  await postgres.query('CREATE ROLE client LOGIN');
  await postgres.query('CREATE DATABASE secured OWNER client');
  const secured = new URL(postgres.url);
  secured.pathname = '/secured';
  const admin = new PostgresConnection(targetOf(secured.href), 'test');
  closers.push(() => admin.close());
  const tls = `sslmode=verify-full&sslrootcert=${ca.certFile}&sslcert=${client.certFile}&sslkey=${client.keyFile}`;
  return {
    ...{ redis, postgres },
    lines: async (sql) => (await admin.query(sql)).map((row) => Object.values(row).join('|')),
    environment: {
      ...{ REDIS_URL: redis.tlsUrl, REDIS_CA_FILE: ca.certFile },
      ...{ REDIS_CERT_FILE: client.certFile, REDIS_KEY_FILE: client.keyFile },
      POSTGRES_URL: `postgresql://client@127.0.0.1:${secured.port}/secured?${tls}`,
    },
    writer: `${redis.tlsUrl}?ssl_ca_certs=${ca.certFile}&ssl_certfile=${client.certFile}&ssl_keyfile=${client.keyFile}`,
    application: redis.client,
  };
}

export const aclFile = readAsset('deploy/redis/millrace.acl');
const password = 'a-test-of-millrace';
const asUser = (url: string, user: string): string => {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
};

/** Redis with the users of deploy/redis/millrace.acl, Postgres with the roles of deploy/postgres/role.sql, migrated by the one. */
export async function leastWorld(
  folder: string,
): Promise<FullWorld & { readonly asUser: (name: string) => string }> {
  // Where the server's own user may read it.
  const dataDir = join(folder, 'redis');
  mkdirSync(dataDir);
  writeFileSync(
    join(dataDir, 'users.acl'),
    `user default on nopass ~* &* +@all\n${aclFile.replaceAll(' on ', ` on >${password} `)}`,
  );
  const [redis, postgres] = await Promise.all([
    testRedis({ dataDir, extraArgs: ['--aclfile', 'users.acl', '--notify-keyspace-events', 'Kg$shz'] }),
    testPostgres(),
  ]);
  await postgres.query(readAsset('deploy/postgres/role.sql'));
  for (const role of ['millrace_migrator', 'millrace_daemon'])
    await postgres.query(`ALTER ROLE ${role} PASSWORD '${password}'`);
  const migrator = new PostgresConnection(targetOf(asUser(postgres.url, 'millrace_migrator')), 'test');
  await migrator.lend((client) => migrate(client, { catalogue: aiRegistry }));
  migrator.close();
  const loader = new Redis(asUser(redis.url, 'millrace-migrate'));
  await ensureLibrary(loader);
  loader.disconnect();
  return {
    ...{ redis, postgres, lines: linesOf(postgres) },
    environment: {
      REDIS_URL: asUser(redis.url, 'millrace'),
      POSTGRES_URL: asUser(postgres.url, 'millrace_daemon'),
    },
    writer: asUser(redis.url, 'millrace-writer'),
    inspector: asUser(redis.url, 'millrace-reader'),
    application: redis.client,
    asUser: (name) => asUser(redis.url, name),
  };
}

function targetOf(url: string) {
  const target = parsePostgresUrl(url);
  if (typeof target === 'string') throw new Error(target);
  return target;
}
