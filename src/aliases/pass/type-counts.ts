import type { AliasCounts } from '../sink/sink';
import type { Blocked } from './judge';

export interface TypeResult extends AliasCounts {
  /** Distinct keys in the table. */
  readonly total: number;
  /** Rows that can have no key: a NULL, blob, undecodable or too long alias, a NULL, blob or too long id. */
  readonly skipped: number;
  /** Set when the pass left the keys of this type as they are. */
  readonly blocked?: Blocked;
}

/** What was written for one type; `total` and `skipped` count the rows of a whole table that was walked. */
export interface TypeCounts {
  total: number;
  skipped: number;
  added: number;
  updated: number;
  deleted: number;
}

/** Adds to the counts of a type. @returns these */
export function addCounts(
  counts: Map<string, TypeCounts>,
  type: string,
  more: Partial<TypeCounts> = {},
): TypeCounts {
  const found = counts.get(type) ?? { total: 0, skipped: 0, added: 0, updated: 0, deleted: 0 };
  counts.set(type, found);
  found.total += more.total ?? 0;
  found.skipped += more.skipped ?? 0;
  found.added += more.added ?? 0;
  found.updated += more.updated ?? 0;
  found.deleted += more.deleted ?? 0;
  return found;
}
