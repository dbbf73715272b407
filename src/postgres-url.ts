import { type AuthMethod, parseRequireAuth } from './postgres-auth';
import { type CertificateFiles, type Certificates, openCertificates } from './tls';

/** Where Postgres is. `display` is safe to print: it never holds the password. */
export interface PostgresTarget {
  /** As it was given. */
  readonly connectionString: string;
  /** The same without what is said about TLS: `tls` says it. */
  readonly plainString: string;
  readonly host: string;
  readonly tls: PostgresTls | undefined;
  /** How the server may ask for the password; undefined: nobody has said (see postgres-auth.ts). */
  readonly auth: readonly AuthMethod[] | undefined;
  readonly display: string;
}

/** How to encrypt, for a URL that wants it. */
export interface PostgresTls {
  /** sslmode=prefer (or allow): a server without TLS is talked to all the same. */
  readonly optional: boolean;
  /** The name in the certificate has to be that of the URL, too. */
  readonly verifyName: boolean;
  readonly direct: boolean;
  readonly certificates: Certificates | undefined;
}

/** libpq's variables, for what the URL leaves open. */
export type PostgresEnvironment = Readonly<
  Partial<
    Record<'PGREQUIREAUTH' | 'PGSSLMODE' | 'PGSSLROOTCERT' | 'PGSSLCERT' | 'PGSSLKEY', string | undefined>
  >
>;

/**
 * Parses `postgresql://user[:password]@host[:port]/database[?options]`; SQLAlchemy's `postgresql+psycopg2://` is understood too.
 * A string says what is wrong, and quotes no part: in a malformed URL the password may have ended up in any of them.
 */
export function parsePostgresUrl(
  text: string,
  environment: PostgresEnvironment = process.env,
): PostgresTarget | string {
  const form = 'expected postgresql://user:password@host:port/database';
  const plain = text.trim().replace(/^(postgres(?:ql)?)\+\w+:/i, '$1:');
  let url: URL;
  try {
    url = new URL(plain);
  } catch {
    return `is not a URL; ${form}`;
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    return `has another scheme than postgresql; ${form}`;
  }
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    return `has a user or password that is not percent-encoded; ${form}`;
  }
  const socket = url.searchParams.get('host');
  const host = url.hostname === '' ? (socket ?? 'localhost') : url.hostname;
  const database = url.pathname.replace(/^\//, '');
  const tls = tlsIn(url, environment);
  if (typeof tls === 'string') return tls;
  const required = url.searchParams.get('require_auth') ?? environment.PGREQUIREAUTH;
  const auth = required ? parseRequireAuth(required) : undefined;
  if (typeof auth === 'string') return auth;
  return {
    auth,
    connectionString: plain,
    plainString: withoutTls(plain),
    host: decodeURIComponent(socket ?? url.hostname).replace(/^\[|\]$/g, ''),
    // As with libpq: what goes through a file of this machine needs no encryption.
    tls: decodeURIComponent(socket ?? url.hostname).startsWith('/') ? undefined : tls,
    display: `${host}${url.port === '' ? '' : `:${url.port}`}${database === '' ? '' : `/${database}`}`,
  };
}

/** Those of libpq and node-postgres that are understood. */
const parameters = ['sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation'];
/** Of no consequence: verification does not depend on them. */
const idle = ['uselibpqcompat', 'sslcompression', 'sslsni'];
const aboutTls = /^(ssl|uselibpqcompat$)/;

/** Text, not URL: a URL's own serialisation would change what pg makes of the rest. */
function withoutTls(text: string): string {
  const [before = '', query] = text.split(/\?(.*)/s);
  const kept = (query ?? '').split('&').filter((part) => part !== '' && !aboutTls.test(part));
  return kept.length === 0 ? before : `${before}?${kept.join('&')}`;
}

/** `ssl=…` is node-postgres', `sslmode=…` libpq's. */
const modeOfSsl: Readonly<Record<string, string>> = {
  true: 'verify-full',
  1: 'verify-full',
  false: 'disable',
  0: 'disable',
};

/**
 * sslmode as libpq means it, or stricter: whoever encrypts here also verifies. Without `sslrootcert` there is nothing between
 * trusting everybody and asking for a public authority and the right name, so `require` and `verify-ca` mean verify-full then.
 */
function tlsIn(url: URL, environment: PostgresEnvironment): PostgresTls | undefined | string {
  const given = (name: string): string | undefined => url.searchParams.get(name) || undefined;
  const unknown = [...url.searchParams.keys()].some(
    (name) => aboutTls.test(name) && ![...parameters, ...idle].includes(name),
  );
  if (unknown) return `has a parameter about TLS that is not known; known are ${parameters.join(', ')}`;
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
