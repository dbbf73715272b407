import type { ClientConfig } from 'pg';
import { describeError, fatal, type MillraceError } from '../../foundation/errors';
import type { PostgresTarget } from './postgres-url';
import { tlsFailure, tlsOptions } from '../tls';

/** The address for pg. `ssl` is always set: otherwise pg would read PGSSLMODE, which has modes that do not verify. */
export function address({ login, tls }: PostgresTarget, encrypted: boolean): ClientConfig {
  if (tls === undefined || !encrypted) return { ...login, ssl: false };
  const { rejectUnauthorized, secureContext } = tlsOptions(login.host, tls.certificates);
  return {
    ...login,
    ssl: {
      rejectUnauthorized,
      ...(secureContext === undefined ? {} : { secureContext }),
      ...(tls.verifyName ? {} : { checkServerIdentity: () => undefined }),
    },
    ...(tls.direct ? { sslnegotiation: 'direct' } : {}),
  };
}

export const isWithoutTls = (error: unknown): boolean =>
  describeError(error).message === 'The server does not support SSL connections';

/** Explains a failure for which TLS is the reason; undefined: it is not. @param state its SQLSTATE */
export function explainPostgresTls(
  error: unknown,
  state: string | undefined,
  where: string,
): MillraceError | undefined {
  const { message } = describeError(error);
  const code = 'E_PG_TLS';
  const clientCertificate = 'name it by sslcert and sslkey in POSTGRES_URL';
  if (isWithoutTls(error)) {
    return fatal(`Postgres at ${where} does not offer TLS`, {
      code,
      hint: 'Switch it on in the server (ssl = on), or write sslmode=disable in POSTGRES_URL for a connection that is not encrypted.',
    });
  }
  if (state === '28000' && /no pg_hba\.conf entry .*no encryption/.test(message)) {
    return fatal(`Postgres at ${where} takes us over TLS only, if at all: ${message.slice(0, 300)}`, {
      code,
      hint: 'Add ?sslmode=verify-full to POSTGRES_URL (and sslrootcert=/path/to/ca.crt for a private authority), or allow it in pg_hba.conf.',
    });
  }
  if (state === '28000' && /valid client certificate/.test(message)) {
    return fatal(`Postgres at ${where} wants a client certificate`, {
      code,
      hint: `Make one that it trusts, and ${clientCertificate}.`,
    });
  }
  if (state !== undefined) return undefined;
  const ca = 'sslrootcert in POSTGRES_URL';
  const failure = tlsFailure(error, { ca, clientCertificate });
  if (failure === undefined || failure === 'plain') return undefined;
  return fatal(`Postgres at ${where}: no TLS connection, ${failure.reason}`, {
    code,
    hint: failure.hint,
    cause: error,
  });
}
