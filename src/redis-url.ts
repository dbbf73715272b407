import { type Certificates, openCertificates } from './tls';

/** Where Redis is. `display` is safe to print: it never holds the password. */
export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
  /** Absent: the public authorities, and no certificate of our own. */
  readonly certificates?: Certificates;
  readonly display: string;
  /** The most bytes that a record, or any one value, may have to be fetched (64 MB). */
  readonly maxRecordBytes?: number;
}

interface RedisParts {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: boolean;
  readonly certificates?: Certificates | undefined;
}

export function redisTarget(parts: RedisParts): RedisTarget {
  const { host, port, db, username, password, tls = false, certificates } = parts;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    host,
    port,
    db,
    tls,
    display: `${tls ? 'rediss://' : ''}${address}${db === 0 ? '' : `/${db}`}`,
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(certificates === undefined ? {} : { certificates }),
  };
}

/** As redis-py has them in its URLs. */
const fileParameters = { ca: 'ssl_ca_certs', cert: 'ssl_certfile', key: 'ssl_keyfile' };
/** What redis-py and others can switch off, and the values that do not. */
const verifying: Readonly<Record<string, readonly string[]>> = {
  ssl_cert_reqs: ['required'],
  ssl_check_hostname: ['true', '1', 'yes'],
  rejectunauthorized: ['true', '1', 'yes'],
};

/** The certificates that the URL's parameters name. A string says what is wrong. */
function certificatesIn(url: URL): Certificates | undefined | string {
  for (const [name, value] of url.searchParams) {
    const allowed = verifying[name.toLowerCase()];
    if (allowed !== undefined && !allowed.includes(value.toLowerCase())) {
      return `asks not to verify the server: Millrace always does; for a private authority set REDIS_CA_FILE`;
    }
    if (allowed === undefined && /ssl|tls|verify|unauthorized|insecure|cert/i.test(name)) {
      if (!Object.values(fileParameters).includes(name))
        return `has a parameter about TLS that is not known; known are ${Object.values(fileParameters).join(', ')}`;
    }
  }
  const named = Object.entries(fileParameters).flatMap(([which, name]) => {
    const path = url.searchParams.get(name);
    return path ? [[which, path] as const] : [];
  });
  if (named.length === 0) return undefined;
  if (url.protocol !== 'rediss:')
    return `names certificates, but is not rediss://: nothing would be encrypted`;
  return openCertificates(Object.fromEntries(named), fileParameters);
}

/**
 * Parses `redis://[user][:password]@host[:port][/db]` (rediss: for TLS); a string says what is wrong, and quotes no part: in a
 * malformed URL the password may have ended up in any of them (`redis://user:12/3@host`).
 */
export function parseRedisUrl(text: string): RedisTarget | string {
  const form = 'expected redis://[:password@]host[:port][/db], or rediss:// for TLS';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return `is not a URL; ${form}`;
  }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    return `has another scheme than redis or rediss; ${form}`;
  }
  if (url.hostname === '') return `names no host; ${form}`;
  const db = url.pathname.replace(/^\//, '');
  if (!/^\d{0,5}$/.test(db)) return `names a database that is not a number; ${form}`;
  const certificates = certificatesIn(url);
  if (typeof certificates === 'string') return certificates;
  try {
    return redisTarget({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 6379 : Number(url.port),
      db: Number(db),
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      tls: url.protocol === 'rediss:',
      certificates,
    });
  } catch {
    return `has a user or password that is not percent-encoded; ${form}`;
  }
}
