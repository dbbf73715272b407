import { freePort } from '../../src/embedded/process/ask-redis';
import { testRedis, type TestRedis } from './stores';
import type { Identity, TestCertificates } from './tls';

export interface TlsRedis extends TestRedis {
  readonly tlsPort: number;
  /** `rediss://`; `client` is a plain one. */
  readonly tlsUrl: string;
  /** The certificate that new connections are shown. */
  readonly present: (identity: Identity) => Promise<void>;
  /** Whether new connections have to show one of theirs. */
  readonly askForClients: (asks: boolean) => Promise<void>;
}

/** A real Redis with a port for TLS beside its plain one. Call inside `beforeAll`. */
export async function tlsRedis(
  { ca, server }: Pick<TestCertificates, 'ca' | 'server'>,
  extraArgs: readonly string[] = [],
): Promise<TlsRedis> {
  const tlsPort = await freePort();
  const redis = await testRedis({
    extraArgs: [
      ...['--tls-port', String(tlsPort), '--tls-ca-cert-file', ca.certFile, '--tls-auth-clients', 'no'],
      ...['--tls-cert-file', server.certFile, '--tls-key-file', server.keyFile, ...extraArgs],
    ],
  });
  return Object.assign(redis, {
    tlsPort,
    tlsUrl: `rediss://127.0.0.1:${tlsPort}`,
    present: async ({ certFile, keyFile }: Identity) => {
      await redis.client.call('CONFIG', 'SET', 'tls-cert-file', certFile, 'tls-key-file', keyFile);
    },
    askForClients: async (asks: boolean) => {
      await redis.client.config('SET', 'tls-auth-clients', asks ? 'yes' : 'no');
    },
  });
}
