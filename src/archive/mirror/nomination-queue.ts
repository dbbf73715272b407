import { backoffMs } from '../../pipeline/backoff';
import type { RedisConnection } from '../../connections/redis';
import type { Echoes } from '../stream/echoes';
import { recordOf } from '../record/key';
import { type Catalogue, packedKind } from '../../mapping/kinds';
import type { Happening, Nomination } from '../record/nomination';
import type { Effects } from './mirror-event';
import { entriesOf, entryFields } from '../stream/nominate';
import { changesStream } from '../../writer/keys';

export interface QueueOptions {
  readonly catalogue: Catalogue;
  readonly effects: Effects;
  /** For the writes into the stream; opened and closed by the caller. */
  readonly connection: RedisConnection;
  /** Knows the predictions that the tail has just seen by value, see MirrorOptions. */
  readonly echoes: Pick<Echoes, 'has' | 'settle'>;
  readonly report: (event: QueueEvent) => void;
  /** A nomination waits this long for company, in milliseconds, */
  readonly flushMs: number;
  /** or until this many wait. */
  readonly flushAt: number;
  /** How many distinct keys are held while Redis is slow or away; further ones are dropped, counted and reported. */
  readonly maxPending: number;
}

export type QueueEvent =
  | { readonly type: 'mirrored'; readonly pairs: number }
  | { readonly type: 'overflow'; readonly dropped: number }
  | Down;

/** An outage that is being retried, of listening (until `subscribed`) or of writing (until `mirrored`). */
export interface Down {
  readonly type: 'down';
  readonly what: 'listening' | 'writing';
  readonly error: unknown;
  /** The attempts of this outage, from 1. */
  readonly attempt: number;
}

/** The most bytes of keys held. Keys are short, but anybody may write one of megabytes. */
const maxPendingBytes = 16 * 1024 * 1024;
/** The most keys in one flush: encoding more would hold up the rest of the process. */
const flushMost = 5_000;
const backoff = { baseMs: 50, capMs: 1_000 };

type Queued = Nomination & { readonly key: string };

/**
 * Nominations on their way into the stream: one for each key, with what its events come to; bounded; sent by one flush at a time, so
 * that they keep their order. Those that could not be sent are kept and sent again: to nominate twice is harmless.
 */
export class NominationQueue {
  readonly #options: QueueOptions;
  #pending = new Map<string, Happening>();
  #bytes = 0;
  #dropped = 0;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** @param key latin1 */
  add(key: string, what: Happening): void {
    this.#put(key, what);
    this.#schedule();
  }

  /** Sends all that wait, until something fails, and reports how many are left. Nothing may be added any more. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  #put(key: string, what: Happening): void {
    const before = this.#pending.get(key);
    if (before === undefined) {
      const full =
        this.#pending.size >= this.#options.maxPending || this.#bytes + key.length > maxPendingBytes;
      if (full) {
        this.#dropped++;
        return;
      }
      this.#bytes += key.length;
    }
    this.#pending.set(key, this.#options.effects.together(key, before, what));
  }

  #schedule(): void {
    if (this.#flushing !== undefined || this.#closed !== undefined) return;
    const { flushAt, flushMs } = this.#options;
    if (this.#attempt === 0 && this.#pending.size >= flushAt) this.#start();
    else {
      this.#timer ??= setTimeout(
        () => this.#start(),
        this.#attempt === 0 ? flushMs : backoffMs(this.#attempt, backoff),
      );
    }
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = undefined;
      if (this.#pending.size > 0) this.#schedule();
    });
  }

  async #flush(): Promise<void> {
    const { report } = this.#options;
    const batch = await this.#takeRecords();
    const { failed, error } = await this.#send(entriesOf(batch));
    // If something else has happened to the key meanwhile, that came after `what`.
    for (const { key, what } of failed) {
      const newer = this.#pending.get(key);
      if (newer === undefined) this.#put(key, what);
      else this.#pending.set(key, this.#options.effects.together(key, what, newer));
    }
    const mirrored = batch.length - failed.length;
    if (mirrored > 0) report({ type: 'mirrored', pairs: mirrored });
    this.#attempt = failed.length === 0 ? 0 : this.#attempt + 1;
    if (failed.length > 0) report({ type: 'down', what: 'writing', error, attempt: this.#attempt });
    this.#reportDropped();
  }

  #take(): ReadonlyMap<string, Happening> {
    const waiting = this.#pending;
    if (waiting.size <= flushMost) {
      this.#pending = new Map();
      this.#bytes = 0;
      return waiting;
    }
    const taken = new Map<string, Happening>();
    for (const [key, what] of waiting) {
      taken.set(key, what);
      waiting.delete(key);
      this.#bytes -= key.length;
      if (taken.size === flushMost) break;
    }
    return taken;
  }

  /** Takes keys out of the queue. @returns those that are records, without echoes */
  async #takeRecords(): Promise<readonly Queued[]> {
    const { catalogue, echoes, maxPending } = this.#options;
    const records: Queued[] = [];
    for (const [key, what] of this.#take()) {
      const record = recordOf(catalogue, key);
      if (record !== undefined) records.push({ kind: record.kind, id: record.id, what, key });
    }
    const packed = packedKind(catalogue)?.name;
    // Only of a packed kind (prediction) is the record all that its key holds. The key of a metric grows: its event may be of another point.
    const isNews = ({ kind, id, what }: Queued) => what !== 'changed' || kind !== packed || !echoes.has(id);
    const news = records.filter(isNews);
    if (!news.some(({ kind, what }) => kind === packed && what === 'changed')) return news;
    await echoes.settle(() => this.#closed !== undefined || this.#pending.size > maxPending / 2);
    return news.filter(isNews);
  }

  async #send(entries: readonly (readonly Queued[])[]): Promise<{ failed: Queued[]; error: unknown }> {
    if (entries.length === 0) return { failed: [], error: undefined };
    const { connection } = this.#options;
    const pipeline = connection.client.pipeline();
    for (const entry of entries) pipeline.xadd(changesStream, '*', ...entryFields(entry));
    try {
      const replies = (await pipeline.exec()) ?? [];
      const failed = entries.filter((_entry, index) => replies[index]?.[0] !== null).flat();
      const refused = replies.find(([error]) => error !== null)?.[0];
      return { failed, error: failed.length === 0 ? undefined : connection.translate(refused) };
    } catch (error) {
      return { failed: entries.flat(), error: connection.translate(error) };
    }
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#options.report({ type: 'overflow', dropped });
  }

  async #finish(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flushing;
    do await this.#flush();
    while (this.#pending.size > 0 && this.#attempt === 0);
    this.#dropped += this.#pending.size;
    this.#pending.clear();
    this.#bytes = 0;
    this.#reportDropped();
  }
}
