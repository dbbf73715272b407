import type { AliasCounts, AliasBatch } from '../sink/sink';
import type { StaleKeys } from './stale-keys';
import { addCounts, type TypeCounts } from './type-counts';
import type { KeyTruth } from '../source/key-truth';
import type { UnservedRows } from '../source/unserved-rows';

/** The most characters that the values of a chunk have together, but for one that is larger. */
const mostCharacters = 2_000_000;

/** Where a pass sends what differs: the sink, or the dry run that only compares. */
export interface PassTarget {
  /** It writes nothing: whatever is stale stays, and would be found again. */
  readonly dry?: true;
  send(batches: readonly AliasBatch[]): Promise<AliasCounts>;
  room(): Promise<void>;
  drain(): Promise<void>;
}

export interface ChunkedApplyOptions {
  readonly truths: () => ReadonlyMap<string, KeyTruth>;
  readonly target: PassTarget;
  readonly chunk: number;
  /** Keys that no row has an alias for: sent first. */
  readonly stale: StaleKeys;
  /** The types that are sent so that the lifetimes of their keys count: see AliasBatch. */
  readonly exact: ReadonlySet<string>;
  /** The types that Redis has no keys of. */
  readonly absent: ReadonlySet<string>;
  /** By type: the aliases to read again and send, or the whole table. */
  readonly different: ReadonlyMap<string, readonly string[] | 'all'>;
  /** Takes down the rows that can have no key, of tables that are walked. */
  readonly unserved: UnservedRows | undefined;
}

type Cursor =
  | { readonly at: 'stale'; readonly index: number }
  | {
      readonly at: 'type';
      readonly type: number;
      readonly index: number;
      readonly from: unknown;
    };

/** A chunk on its way. Its counts hold once it is applied; if it fails, `step` goes back to its cursor. */
interface Sent {
  readonly cursor: Cursor;
  state: 'pending' | 'applied' | 'failed';
}

const firstType: Cursor = { at: 'type', type: 0, index: 0, from: undefined };

/**
 * Sends nominated aliases to the sink, chunk by chunk, with the truth read as each chunk is sent. `step` may throw; called again,
 * it goes back to the first chunk that was not applied.
 */
export class ChunkedApply {
  readonly #options: ChunkedApplyOptions;
  readonly #types: readonly string[];
  readonly #counts = new Map<string, TypeCounts>();
  #cursor: Cursor = { at: 'stale', index: 0 };
  #sent: Sent[] = [];
  /** A chunk has failed, and may be there all the same. */
  #failed = false;
  /** Aliases applied so far. */
  done = 0;

  constructor(options: ChunkedApplyOptions) {
    this.#options = options;
    this.#types = [...options.different.keys()];
  }

  /** Sends one chunk. @returns the counts by type when everything is acknowledged. */
  async step(): Promise<ReadonlyMap<string, TypeCounts> | 'more'> {
    await this.#goBackToFailed();
    if (this.#cursor.at === 'stale') this.#sendStale(this.#cursor);
    else {
      const type = this.#types[this.#cursor.type];
      if (type !== undefined) this.#sendOf(type, this.#cursor);
      else {
        await this.#options.target.drain();
        await this.#goBackToFailed();
        return this.#sent.length === 0 ? this.#counts : 'more';
      }
    }
    await this.#options.target.room();
    return 'more';
  }

  #sendStale(cursor: Cursor & { at: 'stale' }): void {
    const chunk = this.#options.stale.chunk(cursor.index, this.#options.chunk, mostCharacters);
    if (chunk === undefined) {
      this.#cursor = firstType;
      return;
    }
    this.#send(chunk.batch, cursor);
    this.#cursor = { at: 'stale', index: chunk.next };
  }

  #sendOf(type: string, cursor: Cursor & { at: 'type' }): void {
    const next: Cursor = { at: 'type', type: cursor.type + 1, index: 0, from: undefined };
    const truth = this.#options.truths().get(type);
    const different = this.#options.different.get(type) ?? [];
    if (truth === undefined) {
      this.#cursor = next;
      return;
    }
    const { keyspace } = truth;
    const exact = this.#options.exact.has(type);
    if (different === 'all') {
      const page = truth.walk(cursor.from, this.#options.chunk);
      const unkeyed = cursor.from === undefined ? truth.countUnkeyed() : 0;
      this.#options.unserved?.note({ type, truth, from: cursor.from, page, unkeyed });
      const absent = this.#options.absent.has(type) && !this.#failed;
      this.#send({ type, keyspace, exact, absent, ...page }, cursor, {
        total: page.aliases.length,
        skipped: page.skipped + unkeyed,
      });
      this.#cursor = page.next === undefined ? next : { ...cursor, from: page.next };
    } else if (cursor.index >= different.length) this.#cursor = next;
    else {
      const named = different.slice(cursor.index, cursor.index + this.#options.chunk);
      const values = truth.lookUp(named, mostCharacters);
      const aliases = named.slice(0, values.length);
      this.#send({ type, keyspace, exact, aliases, values }, cursor);
      this.#cursor = { ...cursor, index: cursor.index + aliases.length };
    }
  }

  #send(batch: AliasBatch, cursor: Cursor, walked = { total: 0, skipped: 0 }): void {
    const sent: Sent = { cursor, state: 'pending' };
    this.#sent.push(sent);
    this.#options.target.send([batch]).then(
      (applied) => {
        sent.state = 'applied';
        this.done += batch.aliases.length;
        addCounts(this.#counts, batch.type, { ...applied, ...walked });
      },
      () => {
        sent.state = 'failed';
      },
    );
  }

  /** Goes back to the first chunk that failed: none sent after it can have been applied, since each apply expects its predecessor's checkpoint. */
  async #goBackToFailed(): Promise<void> {
    this.#sent = this.#sent.filter((sent) => sent.state !== 'applied');
    if (this.#sent.every((sent) => sent.state === 'pending')) return;
    this.#failed = true;
    await this.#options.target.drain().catch(() => undefined);
    const [first] = this.#sent;
    if (first !== undefined) this.#cursor = first.cursor;
    this.#sent = [];
  }
}
