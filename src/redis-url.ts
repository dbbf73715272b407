/** Where Redis is. `display` is safe to print: it never holds the password. */
export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
  readonly display: string;
}

interface RedisParts {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: boolean;
}

export function redisTarget(parts: RedisParts): RedisTarget {
  const { host, port, db, username, password, tls = false } = parts;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    host,
    port,
    db,
    tls,
    display: `${tls ? 'rediss://' : ''}${address}${db === 0 ? '' : `/${db}`}`,
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  };
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
  try {
    return redisTarget({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 6379 : Number(url.port),
      db: Number(db),
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      tls: url.protocol === 'rediss:',
    });
  } catch {
    return `has a user or password that is not percent-encoded; ${form}`;
  }
}
