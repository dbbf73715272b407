import { refused } from './fields';
import { FunctionClient, type RedisSource } from './function-client';

/** The value of a field; a Date is written in UTC, with milliseconds. */
export type FieldValue = string | number | bigint | boolean | Date | Buffer;

/**
 * Writes keys of records of your own (`records` of millrace.yaml) as the commands of these names do, and tells the archive in the same step:
 * no write is missed, whether or not Millrace runs or hears. Whoever writes needs no mappings.
 *
 * What cannot be written is refused with E_WRITE_REFUSED, and nothing is written. A call whose reply was lost fails and may have been executed:
 * `hset`, `set` and `del` may be repeated, `write` if its command may be (HDEL and SADD, but not HINCRBY or RPUSH).
 */
export class RecordWriter {
  readonly #redis: FunctionClient;

  /** Connects by itself if it is given a URL or options; of a client that sends commands again it uses a copy, as `ModelStore` does. */
  constructor(redis: RedisSource) {
    this.#redis = new FunctionClient(redis);
  }

  /** Ends the connection, unless it was given. */
  close(): void {
    this.#redis.close();
  }

  /** Writes fields of a hash; undefined ones are left out. Returns how many are new. */
  async hset(key: string, fields: Readonly<Record<string, FieldValue | undefined>>): Promise<number> {
    const pairs = Object.entries(fields).flatMap(([field, value]) =>
      value === undefined ? [] : [field, render(value, field)],
    );
    return this.#redis.count('millrace_hset', [key], pairs);
  }

  /** Writes a text, or a JSON object as text. */
  async set(key: string, value: string | Buffer): Promise<void> {
    await this.#redis.call('millrace_set', [key], [render(value, 'value')]);
  }

  /**
   * Another command that writes one key: HDEL, HINCRBY, SADD, SREM, ZADD, ZREM, RPUSH, LREM, SET with a lifetime … Returns what it does.
   * The archive is told of the key before that: if Redis refuses the command (WRONGTYPE), the key is read once more for nothing.
   */
  async write(key: string, command: string, ...args: readonly FieldValue[]): Promise<unknown> {
    return this.#redis.call(
      'millrace_write',
      [key],
      [command, ...args.map((value) => render(value, command))],
    );
  }

  /** Deletes keys. Returns how many there were. */
  async del(...keys: readonly string[]): Promise<number> {
    return this.#redis.count('millrace_del', keys, []);
  }
}

function render(value: unknown, field: string): string | Buffer {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  throw refused(`${field} must be a text, a number, a boolean, a Date or a Buffer`);
}
