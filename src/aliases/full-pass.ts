import type { Applied, Batch } from './sink';
import type { StaleKeys } from './stale-keys';
import type { AliasTruth } from './truth';

/** Where a pass sends what it reads: the sink, or the dry run that only compares. */
export interface PassTarget {
  send(batches: readonly Batch[]): Promise<Applied>;
  room(): Promise<void>;
  drain(): Promise<void>;
}

export interface TypeResult extends Applied {
  /** Distinct aliases in the table. */
  readonly total: number;
  /** Rows that can have no key: a NULL, blob or undecodable alias, a NULL or blob id. */
  readonly skipped: number;
  /** Set when the breaker stopped this type: how many of its keys the pass would have deleted. */
  readonly blocked?: { readonly stale: number; readonly keys: number };
}

export interface PassOptions {
  /** By type, read anew for each chunk: the file may have been opened again meanwhile. */
  readonly truths: () => ReadonlyMap<string, AliasTruth>;
  readonly target: PassTarget;
  readonly staleKeys: StaleKeys;
  /** Delete even when that is more than half of a type's keys. */
  readonly force: boolean;
  /** Aliases compared in one step. */
  readonly chunk: number;
}

type Cursor =
  | { readonly at: 'stale'; readonly index: number }
  | { readonly at: 'walk'; readonly type: number; readonly from: string | Buffer | undefined };

/** A chunk on its way. Its counts hold once it is applied; a failed one is where the pass goes back to. */
interface Sent {
  readonly cursor: Cursor;
  state: 'pending' | 'applied' | 'failed';
}

/** The breaker: a pass that would delete more than half of a type's keys, and over a hundred, has been given the wrong table. */
const suspicious = (stale: number, keys: number): boolean => stale > 100 && stale * 2 > keys;

/**
 * One full pass over both sides, a chunk a step, so that the tail runs in between:
 *   1. scan the keys in Redis for those the tables do not have, and stop at a suspicious number of them;
 *   2. hand those keys to the applier, chunk by chunk;
 *   3. walk the tables in key order and hand every range to the applier.
 * The pass itself decides nothing about a value: the truth is read when a chunk is sent, and the applier's script compares it
 * with what Redis has in the same atomic step that writes. `step` may throw; called again, it goes back to the first chunk
 * that was not applied.
 */
export class FullPass {
  readonly #options: PassOptions;
  readonly #types: readonly string[];
  readonly #results = new Map<string, { -readonly [K in keyof TypeResult]: TypeResult[K] }>();
  #cursor: Cursor | 'scan' = 'scan';
  #sent: Sent[] = [];

  constructor(options: PassOptions) {
    this.#options = options;
    this.#types = [...options.truths().keys()];
    for (const truth of options.truths().values()) truth.refresh();
    for (const type of this.#types) {
      this.#results.set(type, { total: 0, skipped: 0, added: 0, updated: 0, deleted: 0 });
    }
  }

  /** What has been done so far, for a person who waits. */
  get progress(): string {
    if (this.#cursor === 'scan') {
      const keys = [...this.#options.staleKeys.counts.values()].reduce((sum, count) => sum + count.keys, 0);
      return `${keys} keys looked at`;
    }
    const total = [...this.#results.values()].reduce((sum, result) => sum + result.total, 0);
    return `${total} aliases compared`;
  }

  /** Does one chunk. @returns the results by type when the pass is complete and acknowledged. */
  async step(): Promise<ReadonlyMap<string, TypeResult> | 'more'> {
    await this.#goBackToFailed();
    const { target, staleKeys } = this.#options;
    if (this.#cursor === 'scan') {
      if (await staleKeys.scanPage()) this.#judge();
    } else if (this.#cursor.at === 'stale') {
      const chunk = staleKeys.chunk(this.#cursor.index, this.#options.chunk);
      if (chunk !== undefined) {
        this.#send(chunk.batch, this.#cursor);
        this.#cursor = { at: 'stale', index: chunk.next };
      } else if (await this.#drained()) {
        // More were stale than one scan holds: look again until none is left.
        this.#cursor = staleKeys.overflowed ? 'scan' : { at: 'walk', type: 0, from: undefined };
        staleKeys.reset();
      }
    } else {
      const type = this.#types[this.#cursor.type];
      if (type !== undefined) this.#walk(type, this.#cursor);
      else if (await this.#drained()) return this.#results;
    }
    await target.room();
    return 'more';
  }

  #judge(): void {
    const { staleKeys, force } = this.#options;
    for (const [type, count] of staleKeys.counts) {
      const result = this.#results.get(type);
      if (force || result === undefined || !suspicious(count.stale, count.keys)) continue;
      result.blocked = count;
      staleKeys.exclude(type);
    }
    this.#cursor = { at: 'stale', index: 0 };
  }

  #walk(type: string, cursor: Cursor & { at: 'walk' }): void {
    const truth = this.#options.truths().get(type);
    const result = this.#results.get(type);
    if (truth === undefined || result === undefined || result.blocked !== undefined) {
      this.#cursor = { at: 'walk', type: cursor.type + 1, from: undefined };
      return;
    }
    const page = truth.walk(cursor.from, this.#options.chunk);
    const unkeyed = cursor.from === undefined ? truth.countUnkeyed() : 0;
    this.#send({ type, ...page }, cursor, () => {
      result.total += page.aliases.length;
      result.skipped += page.skipped + unkeyed;
    });
    this.#cursor =
      page.next === undefined
        ? { at: 'walk', type: cursor.type + 1, from: undefined }
        : { ...cursor, from: page.next };
  }

  #send(batch: Batch, cursor: Cursor, onApplied?: () => void): void {
    const sent: Sent = { cursor, state: 'pending' };
    this.#sent.push(sent);
    this.#options.target.send([batch]).then(
      (applied) => {
        sent.state = 'applied';
        const result = this.#results.get(batch.type);
        if (result === undefined) return;
        result.added += applied.added;
        result.updated += applied.updated;
        result.deleted += applied.deleted;
        onApplied?.();
      },
      () => {
        sent.state = 'failed';
      },
    );
  }

  async #drained(): Promise<boolean> {
    await this.#options.target.drain();
    await this.#goBackToFailed();
    return this.#sent.length === 0;
  }

  /** Applies fail in a row: after the first failure none behind it can have been applied. */
  async #goBackToFailed(): Promise<void> {
    this.#sent = this.#sent.filter((sent) => sent.state !== 'applied');
    if (this.#sent.every((sent) => sent.state === 'pending')) return;
    await this.#options.target.drain().catch(() => undefined);
    const [first] = this.#sent;
    if (first !== undefined) this.#cursor = first.cursor;
    this.#sent = [];
  }
}
