import { parameters } from './url';

/** The parameters that redis-py, Celery, ioredis and others know in the query of a Redis URL. */
export const redisParameters = parameters({
  read: `db username password protocol ssl_ca_certs ssl_certfile ssl_keyfile
    ssl_cert_reqs ssl_check_hostname rejectUnauthorized`,
  'leave it out, Millrace has time-outs, retries and keep-alives of its own': `socket_timeout socket_connect_timeout
    socket_keepalive socket_keepalive_options timeout health_check_interval retry_on_timeout retry_on_error retry
    retries socket_read_size connectTimeout commandTimeout keepAlive noDelay maxRetriesPerRequest retryStrategy
    lazyConnect enableReadyCheck enableOfflineQueue autoResendUnfulfilledCommands pingInterval`,
  'leave it out, Millrace reads and writes UTF-8': 'encoding encoding_errors decode_responses charset errors',
  'leave it out, Millrace’s connections are named millrace-…': `client_name connectionName name lib_name lib_version
    clientName`,
  'leave it out, the keys have fixed names: a database of its own keeps them apart (…/3)': `keyPrefix key_prefix prefix
    global_keyprefix namespace virtual_host`,
  'leave it out, Millrace has no pool': `max_connections pool_size connection_class parser_class
    single_connection_client`,
  'write it into the URL itself, redis://host:port/db': 'host port path unix_socket_path family',
  'write db=': 'database DB dbno',
  'write username=': 'user USERNAME',
  'write password=': 'pass auth PASSWORD',
  'write the address of the primary':
    'sentinels role master_name sentinel_master_id readOnly read_from_replicas',
  'write rediss:// for TLS': 'ssl tls',
  'name a file by ssl_ca_certs, ssl_certfile or ssl_keyfile': `ssl_ca_path ssl_ca_data ssl_password ca cert key`,
  'leave it out, it is not known to Millrace, which always verifies': `ssl_validate_ocsp ssl_ocsp_context
    ssl_min_version ssl_ciphers insecure`,
});
