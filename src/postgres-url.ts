/** Where Postgres is. `display` is safe to print: it never holds the password. */
export interface PostgresTarget {
  readonly connectionString: string;
  readonly display: string;
}

/**
 * Parses `postgresql://user[:password]@host[:port]/database[?options]`; SQLAlchemy's `postgresql+psycopg2://` is understood too.
 * A string says what is wrong, and quotes no part: in a malformed URL the password may have ended up in any of them.
 */
export function parsePostgresUrl(text: string): PostgresTarget | string {
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
  return {
    connectionString: plain,
    display: `${host}${url.port === '' ? '' : `:${url.port}`}${database === '' ? '' : `/${database}`}`,
  };
}
