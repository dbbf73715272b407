import type { Parameters } from './url';

const ours = 'leave it out, Millrace has time-outs and keep-alives of its own';
const names = 'leave it out, Millrace’s connections are named millrace-…, and it finds its own by that';
const schema = 'write options=-csearch_path%3D<schema>';
const encoding = 'leave it out, Millrace reads and writes UTF-8';
const login = 'write user and password before the host';
const unknown = 'it is not known to Millrace; about TLS there are sslmode, sslrootcert, sslcert, sslkey';
const bouncer = 'leave it out, Millrace keeps no state in a session';
const pool = 'leave it out, Millrace has no pool';

const all = (reason: string, ...list: readonly string[]): Parameters =>
  Object.fromEntries(list.map((one) => [one, reason]));

/** What libpq, node-postgres, SQLAlchemy, JDBC, Prisma and others know in the query of a Postgres URL. */
export const postgresParameters: Parameters = {
  ...all('read', 'host', 'port', 'user', 'password', 'dbname', 'options'),
  ...all('read', 'sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'require_auth'),
  // Of no consequence: verification does not depend on them.
  ...all('read', 'uselibpqcompat', 'sslcompression', 'sslsni'),
  ...all('read', 'target_session_attrs', 'channel_binding', 'gssencmode', 'client_encoding'),
  ...all(
    ours,
    ...['connect_timeout', 'statement_timeout', 'lock_timeout', 'query_timeout', 'idle_session_timeout'],
    ...['idle_in_transaction_session_timeout', 'transaction_timeout', 'connectTimeout', 'socketTimeout'],
    ...['connectionTimeoutMillis', 'keepAlive', 'keepAliveInitialDelayMillis', 'tcp_user_timeout', 'timeout'],
    ...['keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'command_timeout'],
    ...['loginTimeout', 'tcpKeepAlive', 'socket_timeout', 'pool_timeout'],
  ),
  ...all(names, 'application_name', 'fallback_application_name', 'ApplicationName'),
  ...all(schema, 'search_path', 'schema', 'currentSchema'),
  ...all(encoding, 'encoding', 'charset', 'binary', 'replication'),
  ...all(
    login,
    'username',
    'passfile',
    'service',
    'servicefile',
    'krbsrvname',
    'gsslib',
    'requirepeer',
    'gssdelegation',
  ),
  ...all('write host=', 'hostaddr', 'unix_sock'),
  ...all('write one host, that of the primary', 'load_balance_hosts', 'targetServerType', 'loadBalanceHosts'),
  ...all('write it at the end of the URL, …/database', 'database', 'db'),
  ...all(unknown, 'sslcrl', 'sslcrldir', 'sslpassword', 'sslcertmode', 'sslfactory', 'requiressl'),
  ...all(unknown, 'ssl_min_protocol_version', 'ssl_max_protocol_version', 'sslaccept', 'sslidentity'),
  ...all(bouncer, 'pgbouncer', 'prepareThreshold', 'prepared_statement_cache_size', 'statement_cache_size'),
  ...all(pool, 'pool_size', 'max_overflow', 'pool_pre_ping', 'max', 'connection_limit', 'idleTimeoutMillis'),
  ...all(pool, 'async_fallback', 'executemany_mode', 'server_settings', 'isolation_level', 'stringtype'),
};
