import { type AuthMethod, parseRequireAuth } from './postgres-auth';
import { postgresParameters } from './postgres-parameters';
import { type CertificateFiles, type Certificates, openCertificates } from '../tls';
import { either, splitUrl, type UrlParts } from '../url';

/** Where Postgres is. `display` is safe to print: it never holds the password. */
export interface PostgresTarget {
  /** The URL as it was given. */
  readonly connectionString: string;
  /** What pg is given: it does not get the URL, which it might read differently. */
  readonly login: PostgresLogin;
  readonly tls: PostgresTls | undefined;
  /** The authentication methods that the URL allows; undefined: it names none (see postgres-auth.ts). */
  readonly auth: readonly AuthMethod[] | undefined;
  readonly display: string;
}

/** For what is absent PGUSER, PGPASSWORD (or ~/.pgpass), PGDATABASE and PGOPTIONS count, as with libpq. */
export interface PostgresLogin {
  /** The host, or the folder of the server's socket. */
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  /** Command-line options of the session: `-c name=value`. */
  readonly options?: string;
}

/** How to encrypt, for a URL that wants it. */
export interface PostgresTls {
  /** sslmode=prefer (or allow): without TLS if the server has none. */
  readonly optional: boolean;
  /** Whether the certificate has to be for the host of the URL. */
  readonly verifyName: boolean;
  readonly direct: boolean;
  readonly certificates: Certificates | undefined;
}

/** libpq's variables, which count for what the URL leaves open. */
export type PostgresEnvironment = Readonly<
  Partial<
    Record<
      'PGREQUIREAUTH' | 'PGSSLMODE' | 'PGSSLROOTCERT' | 'PGSSLCERT' | 'PGSSLKEY' | 'PGHOST' | 'PGPORT',
      string | undefined
    >
  >
>;

const form = 'expected postgresql://user:password@host:port/database';

/**
 * Parses `postgresql://user[:password]@host[:port]/database[?options]` as libpq means it; SQLAlchemy's `postgresql+psycopg2://` is
 * understood too. A string says what is wrong or not understood, and quotes nothing that may be part of a password.
 */
export function parsePostgresUrl(
  text: string,
  environment: PostgresEnvironment = process.env,
): PostgresTarget | string {
  const plain = text.trim().replace(/^(postgres(?:ql)?)\+\w+:/i, '$1:');
  const parts = splitUrl(plain, postgresParameters);
  if (typeof parts === 'string') return `${parts}; ${form}`;
  const { scheme, parameters } = parts;
  if (scheme !== 'postgres' && scheme !== 'postgresql') return `has another scheme than postgresql; ${form}`;
  const login = loginIn(parts, environment);
  if (typeof login === 'string') return `${login}; ${form}`;
  const refusal = refusedValue(parameters);
  if (refusal !== undefined) return refusal;
  const tls = tlsIn(parameters, environment);
  if (typeof tls === 'string') return tls;
  const { host, port, database } = login;
  const namesPort = port !== 5432 || parts.port !== undefined;
  const address = host.includes(':') ? `[${host}]` : host;
  const required = parameters.get('require_auth') ?? environment.PGREQUIREAUTH;
  const auth = required ? parseRequireAuth(required) : undefined;
  if (typeof auth === 'string') return auth;
  return {
    auth,
    connectionString: plain,
    login,
    // A host that begins with / is a socket of this machine, which is never encrypted, as with libpq.
    tls: host.startsWith('/') ? undefined : tls,
    display: `${address}${namesPort ? `:${port}` : ''}${database === undefined ? '' : `/${database}`}`,
  };
}

function loginIn(
  { user, password, host, port, path, parameters }: UrlParts,
  { PGHOST, PGPORT }: PostgresEnvironment,
): PostgresLogin | string {
  const given = {
    host: either(host === '' ? undefined : host, parameters.get('host')),
    port: either(port === undefined ? undefined : String(port), parameters.get('port')),
    user: either(user, parameters.get('user')),
    password: either(password, parameters.get('password')),
    database: either(path, parameters.get('dbname')),
  };
  const options = parameters.get('options');
  for (const [name, value] of Object.entries(given))
    if (value === false)
      return `names one ${name} in its place and another in its parameters: keep one of them`;
  const { host: named, port: number, ...who } = given as Record<keyof typeof given, string | undefined>;
  const found = { host: named ?? (PGHOST || 'localhost'), port: number ?? (PGPORT || '5432') };
  if (found.host.includes(',') || found.port.includes(','))
    return 'names several hosts: write one, that of the primary';
  if (!/^\d{1,5}$/.test(found.port) || Number(found.port) < 1 || Number(found.port) > 65_535)
    return 'has a port that is not a number from 1 to 65535';
  return {
    host: found.host,
    port: Number(found.port),
    ...Object.fromEntries(Object.entries({ ...who, options }).filter(([, value]) => value !== undefined)),
  };
}

/** Parameters of which only values are accepted that ask for what we do anyway. */
const acceptable: Readonly<Record<string, { readonly values: readonly string[]; readonly why: string }>> = {
  target_session_attrs: {
    values: ['any', 'read-write', 'primary'],
    why: 'Millrace writes, and needs the primary',
  },
  channel_binding: {
    values: ['disable', 'prefer'],
    why: 'Millrace binds no channels: write channel_binding=prefer, and sslmode=verify-full against a man in the middle',
  },
  gssencmode: {
    values: ['disable', 'prefer'],
    why: 'Millrace knows no GSSAPI: encrypt by sslmode=verify-full',
  },
  sslnegotiation: { values: ['postgres', 'direct'], why: 'known are postgres and direct' },
  client_encoding: {
    values: ['utf8', 'utf-8', 'auto'],
    why: 'Millrace reads and writes UTF-8: leave it out',
  },
};

function refusedValue(parameters: ReadonlyMap<string, string>): string | undefined {
  for (const [name, { values, why }] of Object.entries(acceptable)) {
    const value = parameters.get(name)?.toLowerCase();
    if (value !== undefined && !values.includes(value))
      return `has a value of ${name} that is not possible: ${why}`;
  }
  return undefined;
}

/** The `sslmode` (libpq) that a value of `ssl` (node-postgres) means. */
const modeOfSsl: Readonly<Record<string, string>> = {
  true: 'verify-full',
  1: 'verify-full',
  false: 'disable',
  0: 'disable',
};

/**
 * sslmode as libpq means it, or stricter: encryption here always means verification. Without `sslrootcert` we could only trust everybody
 * or ask for a public authority and the right name; so `require` and `verify-ca` mean verify-full then.
 */
function tlsIn(
  parameters: ReadonlyMap<string, string>,
  environment: PostgresEnvironment,
): PostgresTls | undefined | string {
  const given = (name: string): string | undefined => parameters.get(name);
  const ssl = given('ssl');
  const mode = given('sslmode') ?? (ssl === undefined ? environment.PGSSLMODE : (modeOfSsl[ssl] ?? ssl));
  const direct = given('sslnegotiation') === 'direct';
  const root = given('sslrootcert') ?? environment.PGSSLROOTCERT;
  const files = {
    ca: root === 'system' ? undefined : root,
    cert: given('sslcert') ?? environment.PGSSLCERT,
    key: given('sslkey') ?? environment.PGSSLKEY,
  };
  switch (mode || (direct || given('sslrootcert') !== undefined ? 'verify-full' : 'disable')) {
    case 'disable':
      return undefined;
    case 'allow':
    case 'prefer':
      return settle({ optional: !direct, verifyName: files.ca === undefined, direct }, files);
    case 'require':
    case 'verify-ca':
      return settle({ optional: false, verifyName: files.ca === undefined, direct }, files);
    case 'verify-full':
      return settle({ optional: false, verifyName: true, direct }, files);
    case 'no-verify':
      return 'asks not to verify the server (no-verify): Millrace always does; name the authority in sslrootcert';
    default:
      return 'has an unknown sslmode; known are disable, prefer, require, verify-ca, verify-full';
  }
}

function settle(
  tls: Omit<PostgresTls, 'certificates'>,
  files: { readonly [name in keyof CertificateFiles]: string | undefined },
): PostgresTls | string {
  const named = Object.fromEntries(
    Object.entries(files).filter(([, path]) => path !== undefined && path !== ''),
  );
  if (Object.keys(named).length === 0) return { ...tls, certificates: undefined };
  const certificates = openCertificates(named, { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' });
  return typeof certificates === 'string' ? certificates : { ...tls, certificates };
}
