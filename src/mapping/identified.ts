import type { Kind } from './kinds';

/** What a key of such records may hold. */
export const identifiedHolds = ['hash', 'field', 'member'] as const;

/**
 * What a mapping says of records that are told from others that have had their keys before: an id that comes again when Redis was flushed
 * means another record then.
 */
export interface Identified {
  /** `id`: by the number in the key and the creation time; `parents`: by the parents that the key names, and what tells it from others under these. */
  readonly by: 'id' | 'parents';
  /** The field with the creation time, of those that are told `by: id`. */
  readonly created: string | undefined;
  readonly aside: Kind['aside'];
  readonly counter: Kind['counter'];
  /** The places in its key and its member are the columns of parents. */
  readonly index: Kind['index'];
  readonly names: Kind['names'];
  readonly lasts: Kind['lasts'];
  /** Fields of the member, of which the first that is there is the score. */
  readonly score: readonly string[] | undefined;
  /** By field of the member, what the part of the key is where a member has no such field. */
  readonly absent: Readonly<Record<string, string>> | undefined;
  /** Writers may put its records into the stream whole. */
  readonly byValue: boolean;
  readonly told: Kind['told'];
  readonly statistic: Kind['statistic'];
}
