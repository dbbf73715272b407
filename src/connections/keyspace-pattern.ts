import { type Catalogue, type OwnKind, ownKindsOf, registryOf } from '../mapping/kinds';

const prefix = 'aidb:';

const channel = (db: number): string => `__keyspace@${db}__:`;

/**
 * The patterns that the mirror subscribes to, and that an ACL user is granted: Redis compares the two letter by letter. No key fits two.
 */
export function keyspacePatterns(db: number, catalogue: Catalogue): readonly string[] {
  const registry = registryOf(catalogue);
  return [
    ...(registry.size === 0 ? [] : [keyspacePattern(db, registry)]),
    ...ownKindsOf(catalogue).map((kind) => `${channel(db)}${ownKeys(kind)}`),
  ];
}

/**
 * The pattern of the registry. Writing a record changes a counter and an index, too. If no kind begins with the same letter as `counter`
 * or `idx`, a class of initials keeps these two of three events inside Redis, and costs Redis less than a pattern for each kind would.
 */
export function keyspacePattern(db: number, registry: Catalogue): string {
  const initials = new Set([...registry.keys()].map((name) => name.charAt(0)));
  return `${channel(db)}${prefix}[${[...initials].join('')}]*`;
}

/** The glob that the keys of a kind of the user's own fit. */
export const ownKeys = ({ own: { prefix, parts } }: OwnKind): string =>
  `${globOf(prefix)}${parts.length === 0 ? '' : '*'}`;

/** The glob that only this text fits. */
export const globOf = (text: string): string => text.replace(/[\\*?[\]]/g, '\\$&');

/** Where, in a channel that fits the pattern of the registry, the key without `aidb:` begins. */
export const keyOffset = (db: number): number => channel(db).length + prefix.length;

/** How to read a channel: where its key begins, and the key as it is known from there on (see record/key.ts). */
export function channelReading(
  db: number,
  catalogue: Catalogue,
): { readonly skip: number; readonly keyIn: (rest: string) => string } {
  // Nearly all events are of the registry, where there is one.
  if (ownKindsOf(catalogue).length === 0) return { skip: keyOffset(db), keyIn: (rest) => rest };
  const registered = registryOf(catalogue).size > 0;
  const keyIn = (key: string): string =>
    registered && key.startsWith(prefix) ? key.slice(prefix.length) : `:${key}`;
  return { skip: channel(db).length, keyIn };
}
