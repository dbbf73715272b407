import type { Keyspace } from '../../mapping/documents';
import type { UnservedRange, UnservedRow } from './unserved';

/**
 * What Redis should hold for some keys: `values[i]` belongs to `aliases[i]`, which is what comes behind the prefix; '' means no key. The value of a
 * string is its text; of a hash a JSON object of texts; of a set a JSON array of texts, sorted; of a zset a JSON array of [member, score as text], sorted.
 */
export interface ServedValues {
  readonly aliases: readonly string[];
  readonly values: readonly string[];
}

export interface WalkPage extends ServedValues {
  /** Where the next page starts, for `walk` alone to understand; undefined after the last one. */
  readonly next: unknown;
  /** Rows that can have no key: a blob, undecodable or too long alias, a NULL, blob or too long id. */
  readonly skipped: number;
  /** A few of the skipped aliases that are not valid UTF-8. */
  readonly undecodable: readonly Buffer[];
}

/** The contents of Redis for one mapping, as the SQLite file has them now: by look-up of named keys, or by walking all of them in order. */
export interface KeyTruth {
  readonly keyspace: Keyspace;
  /** Whether each answer tells the file as it is now, not as it was at a snapshot. */
  readonly live: boolean;
  /** Takes a new snapshot, where there is one. */
  refresh(): void;
  /**
   * The values of the named keys now.
   * @param most for documents, in characters: if the values are more together, those of the first few names only (of one at the least)
   */
  lookUp(names: readonly string[], most?: number): readonly string[];
  /** Which of the names have no key: their positions. */
  absent(names: readonly string[]): readonly number[];
  /** Rows that the walk does not reach. */
  countUnkeyed(): number;
  /**
   * The next page of distinct keys, in an order that stays.
   * @param from `next` of the page before; undefined for the first. @param maximum rows in the page, about
   */
  walk(from: unknown, maximum: number): WalkPage;
  /** Of the rows that a page left out, a few, and why. */
  unserved(range: UnservedRange): readonly UnservedRow[];
  undecodable(page: WalkPage): readonly UnservedRow[];
}
