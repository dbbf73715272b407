import Redis, { type RedisOptions } from 'ioredis';
import { describeError, fatal, MillraceError } from '../foundation/errors';
import { RedisConnection } from '../connections/redis';
import { hearAllErrors } from '../connections/redis-socket-errors';
import { parseRedisUrl } from '../connections/redis-url';
import { refused } from './fields';
import { ensureLibrary, isFunctionMissing } from './library';

/** A Redis to write to: its URL, ioredis' options, or a connection that exists. */
export type RedisSource = string | RedisOptions | Redis | RedisConnection;
type Arguments = readonly (string | Buffer)[];

/**
 * Calls the functions of the library `millrace`, and loads it if it is missing. A call whose reply was lost is never sent again: it may
 * have been executed, and would make a second record. The caller gets that error.
 */
export class FunctionClient {
  readonly #connection: Connection;
  /** Connecting and loading are shared by calls that need them at the same time. */
  #connecting: Promise<void> | undefined;
  #loading: Promise<unknown> | undefined;

  constructor(source: RedisSource) {
    this.#connection = connectionTo(source);
  }

  async call(name: string, keys: readonly string[], args: Arguments): Promise<unknown> {
    try {
      await this.#connect();
      return await this.#send(name, keys, args);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Calls a function that answers with one number. */
  async count(name: string, keys: readonly string[], args: Arguments): Promise<number> {
    return Number(await this.call(name, keys, args));
  }

  /** Calls a function that answers with 1 or 0, whether it has done something. */
  async did(name: string, keys: readonly string[], args: Arguments): Promise<boolean> {
    return (await this.count(name, keys, args)) === 1;
  }

  /** Reads with plain commands. */
  async read<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    try {
      await this.#connect();
      return await work(this.#connection.client);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  close(): void {
    this.#connection.close();
  }

  #connect(): Promise<void> {
    this.#connecting ??= this.#connection.connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #send(name: string, keys: readonly string[], args: Arguments): Promise<unknown> {
    const { client } = this.#connection;
    try {
      return await client.fcall(name, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isFunctionMissing(error)) throw error;
    }
    // The function was missing, so nothing was executed, and the call may be sent again.
    this.#loading ??= ensureLibrary(client).finally(() => {
      this.#loading = undefined;
    });
    await this.#loading;
    return client.fcall(name, keys.length, ...keys, ...args);
  }

  #explain(error: unknown): unknown {
    if (error instanceof MillraceError) return error;
    const { message } = describeError(error);
    if (message.startsWith('MILLRACE ')) return refused(message.slice('MILLRACE '.length));
    if (message.startsWith('WRONGTYPE')) return refused(message);
    return this.#connection.translate(error);
  }
}

interface Connection {
  readonly client: Redis;
  connect(): Promise<void>;
  translate(error: unknown): unknown;
  close(): void;
}

function connectionTo(source: RedisSource): Connection {
  if (typeof source === 'string') {
    const target = parseRedisUrl(source);
    if (typeof target === 'string') throw fatal(`The Redis URL ${target}`, { code: 'E_CONFIG' });
    return new RedisConnection(target, 'writer');
  }
  if (source instanceof RedisConnection) return unowned(source);
  if (!(source instanceof Redis)) return own(new Redis({ ...source, ...neverAgain }));
  if (source.options.autoResendUnfulfilledCommands === false && !source.options.keyPrefix) {
    return { client: source, connect: doNothing, translate: same, close: () => undefined };
  }
  return own(source.duplicate(neverAgain));
}

/** Options that keep ioredis from sending commands again whose replies were lost in a reconnect, as it does by default. */
const neverAgain = {
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  keyPrefix: '',
} satisfies RedisOptions;

function own(client: Redis): Connection {
  client.on('error', () => {
    hearAllErrors(client); // the calls fail with the error
  });
  const close = () => {
    hearAllErrors(client);
    client.disconnect();
  };
  return { client, connect: doNothing, translate: same, close };
}

const unowned = (connection: RedisConnection): Connection => ({
  client: connection.client,
  connect: () => connection.connect(),
  translate: (error) => connection.translate(error),
  close: () => undefined,
});

const doNothing = (): Promise<void> => Promise.resolve();
const same = (error: unknown): unknown => error;
