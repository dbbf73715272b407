import type { Parameters } from './url';

const ours = 'leave it out, Millrace has time-outs, retries and keep-alives of its own';
const encoding = 'leave it out, Millrace reads and writes UTF-8';
const name = 'leave it out, Millrace’s connections are named millrace-…';
const keys = 'leave it out, the keys have fixed names: a database of its own keeps them apart (…/3)';
const pool = 'leave it out, Millrace has no pool';
const address = 'write it into the URL itself, redis://host:port/db';
const primary = 'write the address of the primary';
const authority = 'name a file by ssl_ca_certs, ssl_certfile or ssl_keyfile';
const verified = 'leave it out, it is not known to Millrace, which always verifies';

const all = (reason: string, ...names: readonly string[]): Parameters =>
  Object.fromEntries(names.map((one) => [one, reason]));

/** What redis-py, Celery, ioredis and others know in the query of a Redis URL. */
export const redisParameters: Parameters = {
  ...all('read', 'db', 'username', 'password', 'protocol'),
  ...all('read', 'ssl_ca_certs', 'ssl_certfile', 'ssl_keyfile'),
  ...all('read', 'ssl_cert_reqs', 'ssl_check_hostname', 'rejectUnauthorized'),
  ...all(
    ours,
    ...[
      'socket_timeout',
      'socket_connect_timeout',
      'socket_keepalive',
      'socket_keepalive_options',
      'timeout',
    ],
    ...[
      'health_check_interval',
      'retry_on_timeout',
      'retry_on_error',
      'retry',
      'retries',
      'socket_read_size',
    ],
    ...['connectTimeout', 'commandTimeout', 'keepAlive', 'noDelay', 'maxRetriesPerRequest', 'retryStrategy'],
    ...[
      'lazyConnect',
      'enableReadyCheck',
      'enableOfflineQueue',
      'autoResendUnfulfilledCommands',
      'pingInterval',
    ],
  ),
  ...all(encoding, 'encoding', 'encoding_errors', 'decode_responses', 'charset', 'errors'),
  ...all(name, 'client_name', 'connectionName', 'name', 'lib_name', 'lib_version', 'clientName'),
  ...all(keys, 'keyPrefix', 'key_prefix', 'prefix', 'global_keyprefix', 'namespace', 'virtual_host'),
  ...all(
    pool,
    'max_connections',
    'pool_size',
    'connection_class',
    'parser_class',
    'single_connection_client',
  ),
  ...all(address, 'host', 'port', 'path', 'unix_socket_path', 'family'),
  ...all('write db=', 'database', 'DB', 'dbno'),
  ...all('write username=', 'user', 'USERNAME'),
  ...all('write password=', 'pass', 'auth', 'PASSWORD'),
  ...all(primary, 'sentinels', 'role', 'master_name', 'sentinel_master_id', 'readOnly', 'read_from_replicas'),
  ...all('write rediss:// for TLS', 'ssl', 'tls'),
  ...all(authority, 'ssl_ca_path', 'ssl_ca_data', 'ssl_password', 'ca', 'cert', 'key'),
  ...all(verified, 'ssl_validate_ocsp', 'ssl_ocsp_context', 'ssl_min_version', 'ssl_ciphers', 'insecure'),
};
