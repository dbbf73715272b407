import { type Catalogue, type OwnKind, ownKindsOf, registryOf, registryStart } from '../mapping/kinds';

const channel = (db: number): string => `__keyspace@${db}__:`;

/**
 * The patterns that the mirror subscribes to, and that an ACL user is granted: Redis compares the two letter by letter. No key fits two.
 */
export function keyspacePatterns(db: number, catalogue: Catalogue): readonly string[] {
  const registry = registryOf(catalogue);
  return [
    ...(registry.size === 0 ? [] : [keyspacePattern(db, registry)]),
    ...new Set(ownKindsOf(catalogue).map((kind) => `${channel(db)}${ownKeys(kind)}`)),
  ];
}

/**
 * The pattern of the registry. Writing a record changes a counter and an index, too. If no kind goes on as their keys do behind what all
 * keys begin with, a class of initials keeps these two of three events inside Redis, and costs Redis less than a pattern for each kind
 * would.
 */
export function keyspacePattern(db: number, registry: Catalogue): string {
  const start = registryStart(registry);
  const initials = new Set([...registry.values()].map(({ prefix }) => prefix.charAt(start.length)));
  const isClass = [...initials].every((initial) => /^\w$/.test(initial));
  return `${channel(db)}${globOf(start)}${isClass ? `[${[...initials].join('')}]` : ''}*`;
}

/** The glob that the keys of a kind of the user's own fit. */
export const ownKeys = ({ prefix, own }: OwnKind): string =>
  `${globOf(prefix)}${own.parts.length === 0 ? '' : '*'}`;

/** The glob that only this text fits. */
export const globOf = (text: string): string => text.replace(/[\\*?[\]]/g, '\\$&');

/** Where in a channel the key begins. */
export const keyOffset = (db: number): number => channel(db).length;
