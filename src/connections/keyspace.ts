import type { Catalogue } from '../mapping/kinds';

const prefix = 'aidb:';

/**
 * The pattern that the mirror subscribes to, and that an ACL user is granted: Redis compares the two letter by letter. Each record comes
 * with a counter and an index entry; where no kind begins like `counter` or `idx`, one class of initials keeps two of three events inside
 * Redis, for less than a pattern a kind would cost there.
 */
export function keyspacePattern(db: number, catalogue: Catalogue): string {
  const initials = new Set([...catalogue.keys()].map((name) => name.charAt(0)));
  return `__keyspace@${db}__:${prefix}[${[...initials].join('')}]*`;
}

/** Where the key starts in a channel of that pattern, without `aidb:`. */
export const keyOffset = (db: number): number => `__keyspace@${db}__:${prefix}`.length;
