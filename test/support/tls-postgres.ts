import { chmodSync, chownSync, copyFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterOf } from '../../src/embedded/process/server-place';
import { type OwnPostgres, ownPostgres } from './postgres';
import type { Identity, TestCertificates } from './tls';

export interface TlsPostgres extends OwnPostgres {
  /** The certificate that new connections are shown; undefined: TLS is off. */
  readonly present: (identity: Identity | undefined) => Promise<void>;
}

/**
 * A real Postgres that speaks TLS. `url` and `pool` are the superuser's and plain; everybody else gets in over TLS only, with a
 * password, and the role `client` with the client certificate. Call inside `beforeAll`.
 */
export async function tlsPostgres({ ca, server }: TestCertificates): Promise<TlsPostgres> {
  const postgres = await ownPostgres();
  const data = clusterOf(postgres.server.dataDir);
  const owner = statSync(data);
  // Postgres wants its key to itself.
  const give = (file: string, name: string): string => {
    const path = join(data, name);
    copyFileSync(file, path);
    chownSync(path, owner.uid, owner.gid);
    chmodSync(path, 0o600);
    return path;
  };
  const set = async (settings: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, value] of Object.entries(settings))
      await postgres.query(`ALTER SYSTEM SET ${name} = '${value}'`);
    await postgres.query('SELECT pg_reload_conf()');
  };
  let serial = 0;
  const present = async (identity: Identity | undefined): Promise<void> => {
    if (identity === undefined) return set({ ssl: 'off' });
    const name = `server-${++serial}`;
    await set({
      ssl: 'on',
      ssl_cert_file: give(identity.certFile, `${name}.crt`),
      ssl_key_file: give(identity.keyFile, `${name}.key`),
    });
  };
  writeFileSync(
    join(data, 'pg_hba.conf'),
    [
      'host all millrace 127.0.0.1/32 scram-sha-256',
      'hostssl all client 127.0.0.1/32 cert',
      'hostssl all all 127.0.0.1/32 scram-sha-256',
    ].join('\n'),
  );
  await set({ ssl_ca_file: give(ca.certFile, 'ca.crt') });
  await present(server);
  return Object.assign(postgres, { present });
}
