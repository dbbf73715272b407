import type { RedisConnection } from '../../connections/redis';
import type { KeyPrefixes } from '../sink/key-prefixes';
import { scanKeys } from '../sink/scan-keys';

/** How many bytes of names are held. */
const most = 8_000_000;

/** The keys with some prefixes, a SCAN page at a time; and the same once more, without asking Redis again where they are few enough to be held. */
export class ScannedKeys {
  readonly #connection: RedisConnection;
  readonly #count: number;
  #cursor = '0';
  #ended = false;
  /** The pages so far; undefined: they are too many. */
  #held: Buffer[] | undefined = [];
  #bytes = 0;
  /** Which of the pages that are held comes next; undefined: Redis is asked. */
  #next: number | undefined;

  constructor(connection: RedisConnection, count: number) {
    this.#connection = connection;
    this.#count = count;
  }

  /** Whether the last page has been given. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the pages are those that are held. */
  get again(): boolean {
    return this.#next !== undefined;
  }

  /** The next page, packed. @throws explained errors; begin anew then: a cursor is worth nothing after a restart of the server */
  async page(prefixes: KeyPrefixes): Promise<Buffer> {
    const held = this.#next === undefined ? undefined : this.#held?.[this.#next++];
    if (held !== undefined) {
      this.#ended = this.#next === this.#held?.length;
      return held;
    }
    const { cursor, names } = await scanKeys(this.#connection, prefixes, this.#cursor, this.#count);
    this.#cursor = cursor;
    this.#ended = cursor === '0';
    this.#bytes += names.length;
    if (this.#bytes > most) this.#held = undefined;
    this.#held?.push(Buffer.from(names)); // what came is a part of something larger
    return names;
  }

  /** Begins at the first page: after the last one the same pages come again, if they are held. */
  rewind(): void {
    if (!this.#ended || this.#held === undefined) this.restart();
    else this.#next = 0;
    this.#ended = false;
  }

  /** Begins anew, with the keys as they are in Redis by then. */
  restart(): void {
    this.#cursor = '0';
    this.#ended = false;
    this.#held = [];
    this.#bytes = 0;
    this.#next = undefined;
  }
}
