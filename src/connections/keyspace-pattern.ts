import type { Catalogue } from '../mapping/kinds';

const prefix = 'aidb:';

/**
 * The pattern that the mirror subscribes to, and that an ACL user is granted: Redis compares the two letter by letter. Writing a record
 * changes a counter and an index, too. If no kind begins with the same letter as `counter` or `idx`, a class of initials keeps these
 * two of three events inside Redis, and costs Redis less than a pattern for each kind would.
 */
export function keyspacePattern(db: number, catalogue: Catalogue): string {
  const initials = new Set([...catalogue.keys()].map((name) => name.charAt(0)));
  return `__keyspace@${db}__:${prefix}[${[...initials].join('')}]*`;
}

/** Where, in a channel that fits the pattern, the key without `aidb:` begins. */
export const keyOffset = (db: number): number => `__keyspace@${db}__:${prefix}`.length;
