import Redis, { type RedisOptions } from 'ioredis';
import { describeError, fatal, MillraceError } from '../foundation/errors';
import { localFault } from '../foundation/local-fault';
import { noReply, translateReply, unknownReply, wrongDatabase } from './redis-replies';
import { askWhetherReady } from './redis-ready';
import { hearAllErrors } from './redis-socket-errors';
import { watchReplies } from './redis-silence';
import { explainRedisTls, probeTls } from './redis-tls';
import type { RedisTarget } from './redis-url';
import { tlsOptions } from './tls';

/** How long a connection may take to be made. (redis-silence.ts gives up one that has fallen silent.) */
const connectTimeoutMs = 5_000;
/** Longest wait for the connection that follows: a few attempts. */
const reconnectMs = 4 * connectTimeoutMs;

/** The default of MAX_RECORD_SIZE. */
export const defaultMaxRecordBytes = 64 * 1024 ** 2;
/** How many bytes a reply may have besides one record of that size: pages are cut below this. */
const allowance = 16 * 1024 ** 2;

/**
 * Connection settings for a pump's own connection. Nothing is queued while disconnected and nothing is sent again after a
 * reconnect: the pump starts over from the checkpoint instead, which is right whether or not the lost command was executed.
 */
const settings: RedisOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: connectTimeoutMs,
  keepAlive: 10_000,
  // ioredis would call CLIENT SETINFO, one more command to be granted.
  disableClientInfo: true,
  // ioredis waits this long for a connection to close, even for one that is gone already: by its default of two seconds the process
  // would end that much later.
  disconnectTimeout: 100,
  retryStrategy: (attempt) => Math.round(Math.min(50 * 2 ** attempt, 1_000) * (0.5 + Math.random() / 2)),
};

/** A connection that knows why it is down. */
export class RedisConnection {
  readonly client: Redis;
  readonly #target: RedisTarget;
  #lastError: unknown;
  readonly #closing = new AbortController();
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
    askWhetherReady(this.client);
    watchReplies(this.client, {
      most: this.maxRecordBytes + allowance,
      refused: (message) => (this.#lastError ??= Object.assign(new Error(message), { name: 'ReplyError' })),
    });
    this.client.on('error', (error: unknown) => {
      hearAllErrors(this.client);
      // Errors like "Connection is closed" follow from an earlier one, and say less than that.
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

  /** The most bytes that a record, or any one value, may have to be fetched. */
  get maxRecordBytes(): number {
    return this.#target.maxRecordBytes ?? defaultMaxRecordBytes;
  }

  /** Waits for the first connection. @throws what `translate` makes of the failure. */
  async connect(): Promise<void> {
    // ioredis would open a closed connection again.
    if (this.#closing.signal.aborted) throw noReply('the connection was closed', this.#target.display);
    if (this.#connected && this.client.status === 'ready') return;
    try {
      if (this.client.status === 'wait' || this.client.status === 'end') await this.client.connect();
      else await this.client.ping();
    } catch (error) {
      const translated = this.translate(error);
      const { code } = describeError(translated);
      const unexplained = !this.#connected && (code === 'E_REDIS_UNREACHABLE' || code === 'E_REPLY');
      throw (unexplained ? await probeTls(this.#target, this.#lastError) : undefined) ?? translated;
    }
    // SELECT was refused while the connection was being made: see the handler of errors above.
    if (this.#wrongDatabase) {
      this.client.disconnect();
      throw this.translate(this.#lastError);
    }
    this.#connected = true;
  }

  /** Waits for the connection that follows one that was lost, over attempts that fail. */
  async reconnected(): Promise<void> {
    const { client } = this;
    const { signal: closing } = this.#closing;
    if (client.status === 'ready' && !closing.aborted) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(late);
        client.off('ready', settle).off('end', settle);
        closing.removeEventListener('abort', settle);
        resolve();
      };
      const late = setTimeout(settle, reconnectMs);
      client.once('ready', settle).once('end', settle);
      // ioredis does not say `end` when it is closed between two attempts.
      closing.addEventListener('abort', settle);
      if (closing.aborted || client.status === 'end') settle();
    });
    if (closing.aborted) throw noReply('the connection was closed', this.display);
    if (client.status !== 'ready') throw this.translate(new Error('Connection is closed.'));
  }

  /** Turns any failure of a command into an error with a hint. A connection that missed a reply is dropped: nobody knows what may still come. */
  translate(error: unknown): unknown {
    const { code, message } = describeError(error);
    if (message === 'Command timed out') this.client.disconnect(true);
    const where = this.#target.display;
    const cause = this.#lastError ?? error;
    const known =
      translateReply(describeError(cause).message, this.#target) ?? translateReply(message, this.#target);
    if (known !== undefined) return known;
    if (cause instanceof MillraceError) return cause;
    if (error instanceof Error && 'kind' in error) return error;
    const secured = explainRedisTls(cause, this.#target) ?? explainRedisTls(error, this.#target);
    if (secured !== undefined) return secured;
    const local = localFault(cause, `Redis at ${where}`);
    if (local !== undefined) return local;
    const reason = isConsequence(cause) ? 'the connection was closed' : describeError(cause).message;
    const replied = [cause, error].some((one) => describeError(one).code === 'ReplyError');
    const unreachable = this.client.status !== 'ready' || message === 'Command timed out';
    return unreachable && !replied ? noReply(reason || code, where) : unknownReply(reason || message, where);
  }

  /** Ends the connection at once, even while it is being made; no other is made. */
  close(): void {
    this.#closing.abort();
    hearAllErrors(this.client);
    this.client.disconnect();
  }
}

const isConsequence = (error: unknown): boolean =>
  /^(Stream isn't writeable|Connection is closed|Reached the max retries)/.test(describeError(error).message);

/** The facts about the server that matter to us. */
export interface RedisServer {
  readonly version: string;
  readonly evicts: boolean;
  readonly maxmemoryPolicy: string;
}

/**
 * Checks once, before the first write, that this server can be written to the way we do.
 * @throws E_REDIS_REPLICA, E_REDIS_CLUSTER (fatal at start: the setting names the wrong server).
 */
export async function inspectServer(connection: RedisConnection): Promise<RedisServer> {
  const where = connection.display;
  let info: string;
  try {
    info = await connection.client.info();
  } catch (error) {
    throw connection.translate(error);
  }
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  if (field('cluster_enabled') === '1') throw translateReply('MOVED', connection) ?? new Error('unreachable');
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
