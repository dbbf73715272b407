import { setImmediate as turn } from 'node:timers/promises';
import type { RedisConnection } from '../../connections/redis';
import { readCarefully } from './careful-read';
import { changesStream } from '../../writer/keys';
import type { Catalogue, KindName } from '../../mapping/kinds';
import type { Echoes } from '../stream/echoes';
import { StreamFields } from '../stream/fields';
import { beforeAll } from '../stream/entry-id';
import { entryId } from '../stream/entry-ids';
import { replaceUnread } from '../stream/light-stream';
import { refusedReply } from '../stream/refused-reply';
import { type Entry, type Page, readPage } from './stream';

/** A read waits this long for an entry: shorter than the connection's command timeout. */
const blockMs = 1_000;
/** About what a page should hold: records, for the transaction's sake, and bytes, for the memory's. */
const pageRecords = 5_000;
const pageBytes = 2 * 1024 * 1024;
const firstCount = 10;
const largestCount = 5_000;

/** What is read ahead. */
interface Ahead {
  readonly from: string;
  /** Resolves with either of the others. */
  readonly arrival: Promise<void>;
  page?: Page;
  error?: unknown;
}

export interface StreamTailOptions {
  readonly connection: RedisConnection;
  readonly catalogue: Catalogue;
  /** Mappings of the user's own that were in force before. */
  readonly takenOut?: () => ReadonlySet<KindName>;
  readonly echoes: Pick<Echoes, 'expect'>;
  /** Called with a page that has come and is not small, while nobody may want it yet. */
  readonly onRead: (page: Page) => void;
  /** Called when `take` has something to say. */
  readonly onReady: () => void;
}

/**
 * Reads the stream one page ahead of whoever applies it, and never further: a full page that is not taken stops the reading.
 * Its connection is its own, because its reads block.
 */
export class StreamTail {
  readonly #connection: RedisConnection;
  readonly #echoes: StreamTailOptions['echoes'];
  readonly #onRead: (page: Page) => void;
  readonly #onReady: () => void;
  readonly #catalogue: Catalogue;
  readonly #fields: StreamFields;
  #next: Ahead | undefined;
  #count = firstCount;

  constructor({ connection, catalogue, takenOut, echoes, onRead, onReady }: StreamTailOptions) {
    this.#connection = connection;
    this.#echoes = echoes;
    this.#onRead = onRead;
    this.#onReady = onReady;
    this.#catalogue = catalogue;
    this.#fields = new StreamFields(catalogue, takenOut);
  }

  /** A page after `position` if one has come; starts reading it otherwise. @throws what the read threw */
  take(position: string): Page | undefined {
    const next = this.#next;
    if (next?.from !== position) {
      this.#read(position);
      return undefined;
    }
    if (next.error !== undefined) {
      this.#next = undefined;
      throw this.#connection.translate(next.error);
    }
    if (next.page === undefined) return undefined;
    const { page } = next;
    this.#read(page.position);
    return page;
  }

  /** The page that `take` would give. */
  peek(position: string): Page | undefined {
    return this.#next?.from === position ? this.#next.page : undefined;
  }

  /** When `take` has something to say about this position. */
  async arrival(position: string): Promise<void> {
    if (this.#next?.from === position) await this.#next.arrival;
  }

  /** Forgets what was read ahead: it may be of another Redis. */
  reset(): void {
    this.#next = undefined;
    this.#count = firstCount;
  }

  #read(from: string): void {
    let arrived = (): void => undefined;
    const next: Ahead = { from, arrival: new Promise((resolve) => (arrived = resolve)) };
    this.#next = next;
    const tell = () => {
      arrived();
      if (this.#next === next) this.#onReady();
    };
    this.#fill(next, tell).catch((error: unknown) => {
      if (next.page !== undefined) return; // who reads on after it meets the same
      next.error = error;
      tell();
    });
  }

  /**
   * Reads until there is a page that is not small: each costs a transaction, and the first replies are short. A small one is told when
   * nothing more waits, and takes in what comes until somebody has time for it.
   */
  async #fill(next: Ahead, tell: () => void): Promise<void> {
    let entries: readonly Entry[] = [];
    let page: Page | undefined;
    for (let moreWait = false; this.#next === next;) {
      if (page === undefined) await this.#connection.connect();
      const count = this.#count;
      const from = page?.position ?? next.from;
      const read = await this.#entries(from, moreWait ? undefined : blockMs);
      if (this.#next !== next) return; // read again by whoever goes on
      const isLarge = typeof read === 'number';
      if (isLarge && page !== undefined)
        moreWait = false; // the next page's affair
      else {
        const news = isLarge ? await this.#carefully(from, read) : read;
        if (news.length > 0) {
          entries = [...entries, ...news];
          page = readPage(entries, this.#fields);
          this.#echoes.expect(page);
          this.#adapt(page);
        }
        // The first of many that are written one by one comes alone; what is only named in it costs a transaction of many statements.
        const mayBeFirst = from === next.from && news.length > 0 && (page?.nominated.size ?? 0) > 0;
        moreWait = !isLarge && (news.length >= count || mayBeFirst) && page !== undefined && isSmall(page);
      }
      if (page === undefined || moreWait) continue;
      if (isLarge) this.#count = 1;
      const isFirst = next.page === undefined;
      next.page = page;
      if (!isSmall(page)) this.#onRead(page);
      if (isFirst) tell();
      if (isLarge || !isSmall(page)) return;
      await turn(); // mostly it is taken at once
    }
  }

  /**
   * @param waitMs how long to wait for one
   * @returns a number: so many are too large together, or one of them is that alone
   */
  async #entries(from: string, waitMs?: number): Promise<readonly Entry[] | number> {
    const { client, maxRecordBytes } = this.#connection;
    const where = ['STREAMS', changesStream, from] as const;
    try {
      const reply = (await (waitMs === undefined
        ? client.xreadBuffer('COUNT', this.#count, ...where)
        : client.xreadBuffer('COUNT', this.#count, 'BLOCK', waitMs, ...where))) as [Buffer, Entry[]][] | null;
      const entries = reply?.[0]?.[1] ?? [];
      return isWithin(entries, maxRecordBytes) ? entries : entries.length;
    } catch (error) {
      const { fit, firstId, carries } = await refusedReply(this.#connection, error);
      const ours = this.#catalogue.get(carries ?? '')?.carried === true;
      if (fit > 0 || ours || firstId === undefined) return Math.max(fit, 1);
      await replaceUnread(this.#connection, firstId);
      return [];
    }
  }

  /** Of so many entries after `from` one is too large to be read as it is, or they are together. */
  async #carefully(from: string, entries: number): Promise<readonly Entry[]> {
    const { client, maxRecordBytes: most } = this.#connection;
    return readCarefully(client, { catalogue: this.#catalogue, from, entries, most });
  }

  /** How many entries make a page depends on what writers put into one. */
  #adapt({ entries, records, bytes }: Page): void {
    const wanted = entries * Math.min(pageRecords / Math.max(records, 1), pageBytes / Math.max(bytes, 1));
    const bounded = Math.min(largestCount, Math.max(1, Math.round(wanted)));
    this.#count = Math.min(bounded, this.#count * 4);
  }
}

/** Whether a page takes in what comes until it is taken. */
export const isSmall = ({ records, bytes }: Page): boolean =>
  records < pageRecords / 2 && bytes < pageBytes / 2;

/** Whether the entries have no more bytes than that together. */
function isWithin(entries: readonly Entry[], most: number): boolean {
  let bytes = 0;
  for (const [, fields] of entries) for (const part of fields ?? []) bytes += part.length;
  return bytes <= most;
}

/** Id of the stream's last entry; before all when it is empty or away. */
export async function lastEntryId(redis: RedisConnection): Promise<string> {
  try {
    return (await entryId(redis, ['XREVRANGE', '+', '-'])) ?? beforeAll;
  } catch (error) {
    throw redis.translate(error);
  }
}
