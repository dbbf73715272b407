import { redisParameters } from './redis-parameters';
import { type Certificates, openCertificates } from './tls';
import { either, splitUrl } from './url';

/** Where Redis is. `display` is safe to print: it never holds the password. */
export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
  /** If absent, the public authorities count, and we show no certificate. */
  readonly certificates?: Certificates;
  readonly display: string;
  /** The most bytes that a record, or any one value, may have to be fetched (64 MB). */
  readonly maxRecordBytes?: number;
  /** What our user has to be granted: see redis-grants.ts. */
  readonly grants?: string;
}

/** A target as its URL names it. */
export interface RedisUrl extends RedisTarget {
  /** Whether the URL names the database. */
  readonly namesDb: boolean;
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

/** Parameters that name files, as in URLs of redis-py. */
const fileParameters = { ca: 'ssl_ca_certs', cert: 'ssl_certfile', key: 'ssl_keyfile' };
/** Parameters by which redis-py, Celery and others can switch verification off, and their values that do not. */
const verifying: Readonly<Record<string, readonly string[]>> = {
  ssl_cert_reqs: ['required', 'cert_required'],
  ssl_check_hostname: ['true', '1', 'yes'],
  rejectUnauthorized: ['true', '1', 'yes'],
};

const form = 'expected redis://[[user]:password@]host[:port][/db], or rediss:// for TLS';

/** Schemes of other libraries, and what to write instead. An unknown scheme is not quoted: in `password:host` it is the password. */
const otherSchemes: Readonly<Record<string, string>> = {
  unix: 'Millrace connects over TCP: write redis://localhost:6379/0 (`port` in redis.conf)',
  'redis+socket': 'Millrace connects over TCP: write redis://localhost:6379/0 (`port` in redis.conf)',
  sentinel: 'Millrace asks no sentinels: write redis:// and the address of the primary',
  'redis+sentinel': 'Millrace asks no sentinels: write redis:// and the address of the primary',
  'redis-sentinel': 'Millrace asks no sentinels: write redis:// and the address of the primary',
  'redis+cluster': 'Millrace needs a standalone server: write redis:// and its address',
  valkey: 'write redis://',
  valkeys: 'write rediss://',
  'redis+tls': 'write rediss://',
  'redis+ssl': 'write rediss://',
};

/** The port of a Redis that is not set to another one. */
export const defaultRedisPort = 6379;

/**
 * Parses a URL of redis-py or ioredis as these mean it; a string says what is wrong or not understood, and quotes nothing that may be
 * part of a password.
 */
export function parseRedisUrl(text: string): RedisUrl | string {
  const parts = splitUrl(text, redisParameters);
  if (typeof parts === 'string') return `${parts}; ${form}`;
  const { scheme, host, port, path, parameters } = parts;
  if (scheme !== 'redis' && scheme !== 'rediss') {
    const instead = Object.hasOwn(otherSchemes, scheme) ? ` (${scheme}): ${otherSchemes[scheme]}` : '';
    return `has another scheme than redis or rediss${instead}; ${form}`;
  }
  if (host === '') return `names no host; ${form}`;
  for (const database of [path, parameters.get('db')])
    if (database !== undefined && !/^\d{1,5}$/.test(database))
      return `names a database that is not a number; ${form}`;
  const database = either(numeral(path), numeral(parameters.get('db')));
  if (database === false) return `names one database in its path and another in db=: keep one of them`;
  const username = either(parts.user, parameters.get('username'));
  const password = either(parts.password, parameters.get('password'));
  if (username === false || password === false)
    return `names one user or password before the host and another in its parameters: keep one of them`;
  if (parameters.has('protocol') && parameters.get('protocol') !== '2')
    return `asks for another protocol than 2 (RESP2), which Millrace speaks: leave protocol out`;
  const tls = scheme === 'rediss';
  const certificates = certificatesIn(parameters, tls);
  if (typeof certificates === 'string') return certificates;
  return {
    ...redisTarget({
      host,
      port: port ?? defaultRedisPort,
      db: Number(database ?? 0),
      username,
      password,
      tls,
      certificates,
    }),
    namesDb: database !== undefined,
  };
}

const numeral = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : String(Number(text));

/** The certificates that the URL's parameters name. A string says what is wrong. */
function certificatesIn(
  parameters: ReadonlyMap<string, string>,
  tls: boolean,
): Certificates | undefined | string {
  for (const [name, allowed] of Object.entries(verifying)) {
    const value = parameters.get(name);
    if (value === undefined) continue;
    if (!allowed.includes(value.toLowerCase()))
      return `asks not to verify the server: Millrace always does; for a private authority set REDIS_CA_FILE`;
    if (!tls) return `has ${name}, but is not rediss://: nothing would be encrypted`;
  }
  const named = Object.entries(fileParameters).flatMap(([which, name]) => {
    const path = parameters.get(name);
    return path === undefined ? [] : [[which, path] as const];
  });
  if (named.length === 0) return undefined;
  if (!tls) return `names certificates, but is not rediss://: nothing would be encrypted`;
  return openCertificates(Object.fromEntries(named), fileParameters);
}
