import { parameters } from '../url';

/** The parameters that libpq, node-postgres, SQLAlchemy, JDBC, Prisma and others know in the query of a Postgres URL. */
export const postgresParameters = parameters({
  // uselibpqcompat, sslcompression and sslsni are read without consequence: verification does not depend on them.
  read: `host port user password dbname options sslmode ssl sslrootcert sslcert sslkey sslnegotiation require_auth
    uselibpqcompat sslcompression sslsni target_session_attrs channel_binding gssencmode client_encoding`,
  'leave it out, Millrace has time-outs and keep-alives of its own': `connect_timeout statement_timeout lock_timeout
    query_timeout idle_session_timeout idle_in_transaction_session_timeout transaction_timeout connectTimeout
    socketTimeout connectionTimeoutMillis keepAlive keepAliveInitialDelayMillis tcp_user_timeout timeout keepalives
    keepalives_idle keepalives_interval keepalives_count command_timeout loginTimeout tcpKeepAlive socket_timeout
    pool_timeout`,
  'leave it out, Millrace’s connections are named millrace-…, and it finds its own by that': `application_name
    fallback_application_name ApplicationName`,
  'write options=-csearch_path%3D<schema>': 'search_path schema currentSchema',
  'leave it out, Millrace reads and writes UTF-8': 'encoding charset binary replication',
  'write user and password before the host': `username passfile service servicefile krbsrvname gsslib requirepeer
    gssdelegation`,
  'write host=': 'hostaddr unix_sock',
  'write one host, that of the primary': 'load_balance_hosts targetServerType loadBalanceHosts',
  'write it at the end of the URL, …/database': 'database db',
  'it is not known to Millrace; about TLS there are sslmode, sslrootcert, sslcert, sslkey': `sslcrl sslcrldir
    sslpassword sslcertmode sslfactory requiressl ssl_min_protocol_version ssl_max_protocol_version sslaccept
    sslidentity`,
  'leave it out, Millrace keeps no state in a session': `pgbouncer prepareThreshold prepared_statement_cache_size
    statement_cache_size`,
  'leave it out, Millrace has no pool': `pool_size max_overflow pool_pre_ping max connection_limit idleTimeoutMillis
    async_fallback executemany_mode server_settings isolation_level stringtype`,
});
