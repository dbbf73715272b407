import type { DocumentMapping } from '../../mapping/documents';
import type { AliasCheckpoint, JudgedMapping } from './checkpoint';

type Mappings = NonNullable<AliasCheckpoint['mappings']>;

/** How many prefixes that mappings have moved away from are kept: each checkpoint has them. */
const most = 20;

/** The name of what a mapping has left under a prefix that is its own no more; no mapping can be called so. */
export const leftName = (name: string, prefix: string): string => `${name}@${prefix}`;

const isLeft = (name: string): boolean => name.includes('@');

/** What a checkpoint says once these mappings are introduced. A mapping with another prefix than before leaves keys: they stay listed. Pure. */
export function withIntroduced(
  found: Mappings | undefined,
  introduced: ReadonlyMap<string, JudgedMapping>,
): Mappings {
  const owned = new Set([...introduced.values()].map(({ prefix }) => prefix));
  const entries = Object.entries(found ?? {});
  const moved = entries.flatMap(([name, mapping]): [string, JudgedMapping][] => {
    const now = introduced.get(name);
    if (now === undefined || now.prefix === mapping.prefix) return [];
    return [[leftName(name, mapping.prefix), mapping]];
  });
  const left = [...entries.filter(([name]) => isLeft(name)), ...moved].filter(
    ([, { prefix }]) => !owned.has(prefix),
  );
  return Object.fromEntries([
    ...entries.filter(([name]) => !isLeft(name)),
    ...left.slice(-most),
    ...introduced,
  ]);
}

/** What mappings that are in force no more have left, by name; what one in force has left under a prefix of before, by `leftName`. Pure. */
export function leftMappings(found: Mappings, documents: readonly DocumentMapping[]): Mappings {
  const prefixes = new Map(documents.map(({ name, key }) => [name, key.prefix]));
  const owned = new Set(prefixes.values());
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, mapping]) => {
      const prefix = prefixes.get(name);
      if (prefix === undefined) return isLeft(name) && owned.has(mapping.prefix) ? [] : [[name, mapping]];
      return owned.has(mapping.prefix) ? [] : [[leftName(name, mapping.prefix), mapping]];
    }),
  );
}
