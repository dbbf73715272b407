/**
 * Which SQLite table feeds which Redis keys: rows of `table` become `alias:<type>:<aliasColumn>` -> ids.
 * `aliasCase` is a property of the deployment, not of one table: readers of the keys fold all of them or none.
 */
export interface AliasMapping {
  readonly type: string;
  readonly table: string;
  readonly idColumn: string;
  readonly aliasColumn: string;
}

export type AliasCase = 'preserve' | 'lower';

export const defaultMappings: readonly AliasMapping[] = ['team', 'player', 'league', 'market'].map(
  (type) => ({
    type,
    table: `${type}_aliases`,
    idColumn: `${type}_id`,
    aliasColumn: 'alias',
  }),
);

/** Folds an alias as SQLite's LOWER does: ASCII letters only. */
export const foldAlias = (alias: string): string => alias.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export const keyPrefix = (type: string): string => `alias:${type}:`;

/** A type is part of key names and SCAN patterns: no glob characters, no colon. */
const typePattern = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Parses ALIAS_TABLES: `type=table(id_column,alias_column)`, several separated by `;`. `type=table` alone uses
 * the columns `<type>_id` and `alias`. Returns the mappings or a sentence that says what is wrong.
 */
export function parseMappings(text: string): readonly AliasMapping[] | string {
  const mappings: AliasMapping[] = [];
  for (const part of text.split(';').map((piece) => piece.trim())) {
    if (part === '') continue;
    const match = /^([^=]+)=([^(]+?)(?:\(([^,]+),([^,)]+)\))?$/.exec(part);
    if (match === null) return `"${part}" is not of the form type=table(id_column,alias_column)`;
    const [type = '', table = '', idColumn, aliasColumn] = match
      .slice(1)
      .map((group?: string) => group?.trim());
    if (!typePattern.test(type))
      return `the type "${type}" may hold only letters, digits, _ and - (64 at most)`;
    if (mappings.some((other) => other.type === type)) return `the type "${type}" is named twice`;
    mappings.push({ type, table, idColumn: idColumn ?? `${type}_id`, aliasColumn: aliasColumn ?? 'alias' });
  }
  return mappings.length === 0 ? 'it names no table' : mappings;
}
