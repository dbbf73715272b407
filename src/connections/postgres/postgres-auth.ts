import type { Client } from 'pg';
import { fatal } from '../../foundation/errors';

/** The authentication methods that pg can answer, by libpq's names. */
const methods = ['password', 'md5', 'scram-sha-256', 'none'] as const;
export type AuthMethod = (typeof methods)[number];

/** Methods that only libpq knows: they may stand in a list. */
const foreign = ['gss', 'sspi', 'oauth'];

/** The value of `require_auth` as libpq means it: `scram-sha-256,md5`, or `!password`. A string says what is wrong. */
export function parseRequireAuth(text: string): readonly AuthMethod[] | string {
  const words = text.split(',').map((word) => word.trim());
  const names = words.map((word) => word.replace(/^!/, ''));
  const negative = words.filter((word) => word.startsWith('!')).length;
  if (names.some((name) => ![...methods, ...foreign].includes(name)))
    return `has an unknown method in require_auth; known are ${methods.join(', ')}`;
  if (negative !== 0 && negative !== words.length) return 'mixes methods with and without ! in require_auth';
  return methods.filter((method) => names.includes(method) === (negative === 0));
}

/**
 * Methods without TLS. Nobody knows who answers then, so nothing is sent that a listener or a false server could use: SCRAM reveals
 * neither the password nor anything that stands for it, and `none` sends nothing.
 */
export const withoutTls: readonly AuthMethod[] = ['scram-sha-256', 'none'];

/** Methods with TLS: the server is verified, so it may ask for anything. */
export const allMethods: readonly AuthMethod[] = methods;

const messages = {
  authenticationCleartextPassword: 'password',
  authenticationMD5Password: 'md5',
  authenticationSASL: 'scram-sha-256',
} as const satisfies Record<string, AuthMethod>;

interface Wire {
  readonly stream: { destroy(error: Error): void };
  removeAllListeners(event: string): void;
  once(event: string, listener: () => void): void;
}

/** Connects, and answers no other methods than these. @throws E_PG_AUTH_METHOD */
export async function connectBy(
  client: Client,
  allowed: readonly AuthMethod[],
  where: string,
): Promise<void> {
  const connecting = client.connect();
  // By now pg has its handlers in place, which can be taken away or added to; nothing has come from the server yet.
  const { connection } = client as unknown as { readonly connection: Wire };
  const refuse = (method: AuthMethod) => {
    connection.stream.destroy(
      fatal(`Postgres at ${where} asks us for the method ${method}, without TLS or against require_auth`, {
        code: 'E_PG_AUTH_METHOD',
        hint: `Use TLS (sslmode=verify-full), or scram-sha-256 in pg_hba.conf and for the role's password; or allow it: require_auth=${method} in POSTGRES_URL.`,
      }),
    );
  };
  let asked = false;
  for (const [event, method] of Object.entries(messages)) {
    if (!allowed.includes(method)) connection.removeAllListeners(event);
    connection.once(event, () => {
      asked = true;
      if (!allowed.includes(method)) refuse(method);
    });
  }
  connection.once('authenticationOk', () => {
    if (!asked && !allowed.includes('none')) refuse('none');
  });
  await connecting;
}
