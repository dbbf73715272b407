import Redis, { type RedisOptions } from 'ioredis';
import { describeError, fatal, retryable } from './errors';
import { localFault } from './local-fault';
import { daemonGrants } from './redis-grants';
import { explainTls, probeTls } from './redis-tls';
import type { RedisTarget } from './redis-url';
import { tlsOptions } from './tls';

/** Longest wait for one reply. A server that answers later counts as gone, and the connection is made anew. */
const commandTimeoutMs = 5_000;

/**
 * Connection settings for a pump's own connection. Nothing is queued while disconnected and nothing is sent again after a
 * reconnect: the pump starts over from the checkpoint instead, which is right whether or not the lost command was executed.
 */
const settings: RedisOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: commandTimeoutMs,
  connectTimeout: commandTimeoutMs,
  keepAlive: 10_000,
  // CLIENT SETINFO would be one more thing to grant.
  disableClientInfo: true,
  // Of a connection that is gone already, too: with ioredis' two seconds the process would end that much later.
  disconnectTimeout: 100,
  retryStrategy: (attempt) => Math.round(Math.min(50 * 2 ** attempt, 1_000) * (0.5 + Math.random() / 2)),
};

/** A connection that knows why it is down. */
export class RedisConnection {
  readonly client: Redis;
  readonly #target: RedisTarget;
  #lastError: unknown;
  #connected = false;
  #wrongDatabase = false;

  constructor(target: RedisTarget, name: string) {
    this.#target = target;
    const { host, port, db, username, password, tls, certificates } = target;
    this.client = new Redis({
      ...settings,
      connectionName: `millrace-${name}`,
      host,
      port,
      db,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls ? { tls: tlsOptions(host, certificates) } : {}),
    });
    this.client.on('error', (error: unknown) => {
      // A consequence of what was told before: the server has hung up.
      if (this.#lastError === undefined || !isConsequence(error)) this.#lastError = error;
      // ioredis only tells of a refused SELECT and would go on in database 0, which is somebody else's. While the first
      // connection is made, `connect` sees to it: ioredis does not settle a connect that is broken off here.
      this.#wrongDatabase ||= wrongDatabase.test(describeError(error).message);
      if (this.#wrongDatabase && this.#connected) this.client.disconnect();
    });
    this.client.on('ready', () => {
      if (!this.#wrongDatabase) this.#lastError = undefined;
    });
  }

  /** The server's address, safe to print. */
  get display(): string {
    return this.#target.display;
  }

  /** Waits for the first connection. @throws what `translate` makes of the failure. */
  async connect(): Promise<void> {
    if (this.#connected && this.client.status === 'ready') return;
    try {
      if (this.client.status === 'wait' || this.client.status === 'end') await this.client.connect();
      else await this.client.ping();
    } catch (error) {
      const translated = this.translate(error);
      const unexplained = !this.#connected && describeError(translated).code === 'E_REDIS_UNREACHABLE';
      throw (unexplained ? await probeTls(this.#target, this.#lastError) : undefined) ?? translated;
    }
    // The reply to SELECT came before the connection was ready.
    if (this.#wrongDatabase) {
      this.client.disconnect();
      throw this.translate(this.#lastError);
    }
    this.#connected = true;
  }

  /** Turns any failure of a command into an error with a hint. A connection that missed a reply is dropped: nobody knows what it still owes. */
  translate(error: unknown): unknown {
    const { code, message } = describeError(error);
    if (message === 'Command timed out') this.client.disconnect(true);
    const where = this.#target.display;
    const cause = this.#lastError ?? error;
    const known = translateReply(describeError(cause).message, where) ?? translateReply(message, where);
    if (known !== undefined) return known;
    if (error instanceof Error && 'kind' in error) return error;
    const secured = explainTls(cause, this.#target) ?? explainTls(error, this.#target);
    if (secured !== undefined) return secured;
    const local = localFault(cause, `Redis at ${where}`);
    if (local !== undefined) return local;
    const reason = this.#lastError === undefined ? message : describeError(this.#lastError).message;
    const unreachable = this.client.status !== 'ready' || message === 'Command timed out';
    return retryable(
      unreachable
        ? `Cannot connect to Redis at ${where}: ${reason || code}`
        : `Redis at ${where}: ${message}`,
      {
        code: unreachable ? 'E_REDIS_UNREACHABLE' : 'E_REDIS',
        hint: 'Ensure the Redis server is running and REDIS_URL (or REDIS_HOST and REDIS_PORT) is right; `--embedded` starts one.',
      },
    );
  }

  close(): void {
    this.client.disconnect();
  }
}

const isConsequence = (error: unknown): boolean =>
  /^Stream isn't writeable|^Connection is closed/.test(describeError(error).message);

const wrongDatabase = /^ERR (DB index is out of range|invalid DB index)/;

function translateReply(message: string, where: string) {
  const replies: readonly [RegExp, () => Error][] = [
    [
      /^(NOAUTH|WRONGPASS|ERR invalid password|ERR Client sent AUTH|ERR AUTH)/,
      () =>
        fatal(`Redis at ${where} refused the password`, {
          code: 'E_REDIS_AUTH',
          hint: 'Set REDIS_PASSWORD, or put user and password into REDIS_URL; leave both out for a server without one.',
        }),
    ],
    [
      // Inside of scripts Redis 7.0 says it in other words.
      /^NOPERM|^ERR The user executing the script/,
      () =>
        fatal(`Redis at ${where} denies a command: ${message}`, {
          code: 'E_REDIS_ACL',
          hint: `ACL SETUSER <user> ${daemonGrants}, as in deploy/redis/millrace.acl.`,
        }),
    ],
    [
      wrongDatabase,
      () =>
        fatal(`Redis at ${where} has no such database`, {
          code: 'E_REDIS_DB',
          hint: 'Check the number at the end of REDIS_URL, or REDIS_DB; the server allows as many as its `databases` setting.',
        }),
    ],
    [
      /READONLY/,
      () =>
        retryable(`Redis at ${where} is a read-only replica`, {
          code: 'E_REDIS_REPLICA',
          hint: 'Let REDIS_URL (or REDIS_HOST) name the primary.',
        }),
    ],
    [
      /^(MOVED|CROSSSLOT|CLUSTERDOWN)/,
      () =>
        fatal(`Redis at ${where} is a cluster node`, {
          code: 'E_REDIS_CLUSTER',
          hint: 'Millrace writes many keys in one atomic step, which a cluster cannot do: use a standalone server (or a primary with replicas).',
        }),
    ],
    [
      /OOM command not allowed/,
      () =>
        retryable(`Redis at ${where} is full: maxmemory is reached, writes are refused`, {
          code: 'E_REDIS_FULL',
          hint: 'Raise maxmemory or free memory; Millrace goes on by itself as soon as Redis takes writes again.',
        }),
    ],
    [
      /MISCONF/,
      () =>
        retryable(`Redis at ${where} refuses writes because it cannot save to disk`, {
          code: 'E_REDIS_DISK',
          hint: 'Look at the Redis log; free disk space or repair its folder.',
        }),
    ],
  ];
  return replies.find(([pattern]) => pattern.test(message))?.[1]();
}

/** What the server says of itself, as far as it matters to us. */
export interface ServerFacts {
  readonly version: string;
  readonly evicts: boolean;
  readonly maxmemoryPolicy: string;
}

/**
 * Checks once, before the first write, that this server can be written to the way we do.
 * @throws E_REDIS_REPLICA, E_REDIS_CLUSTER (fatal at start: the setting names the wrong server).
 */
export async function inspectServer(connection: RedisConnection): Promise<ServerFacts> {
  const where = connection.display;
  let info: string;
  try {
    info = await connection.client.info();
  } catch (error) {
    throw connection.translate(error);
  }
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  if (field('cluster_enabled') === '1') throw translateReply('MOVED', where) ?? new Error('unreachable');
  if (field('role') === 'slave') {
    throw fatal(
      `Redis at ${where} is a read-only replica of ${field('master_host')}:${field('master_port')}`,
      {
        code: 'E_REDIS_REPLICA',
        hint: 'Let REDIS_URL (or REDIS_HOST) name the primary.',
      },
    );
  }
  const maxmemoryPolicy = field('maxmemory_policy');
  return {
    version: field('redis_version'),
    maxmemoryPolicy,
    evicts: field('maxmemory') !== '0' && maxmemoryPolicy.startsWith('allkeys'),
  };
}
