/** Whether keys under the one prefix are, or could be, keys under the other: each mapping owns its prefix alone. */
export const clash = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);

/**
 * Prefixes that are Millrace's own, or of the built-in mappings, whether a file includes them or not.
 * @param registry what the keys of the registry of models begin with
 */
export const ownPrefixes = (registry: string): readonly string[] => ['millrace:', 'alias:', registry];
