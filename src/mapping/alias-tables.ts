import type { DocumentMapping } from './documents';
import { builtInDocuments } from './file/built-in';
import { isMappingName, mappingNameRule } from './mapping-name';

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

export const keyPrefix = (type: string): string => `alias:${type}:`;

/** The tables of `mappings/sports-aliases.yaml`. */
export const defaultMappings: readonly AliasMapping[] =
  builtInDocuments('sports-aliases').map(aliasMappingOf);

/** A document that is an alias table: a list of ids under `alias:<name>:<alias>`. @throws an Error for any other one */
function aliasMappingOf({ name, key, form, rows }: DocumentMapping): AliasMapping {
  const [alias, ...more] = key.parts;
  if (
    form.type !== 'list' ||
    'sql' in rows ||
    rows.where !== undefined ||
    alias === undefined ||
    more.length > 0 ||
    key.prefix + alias.after !== keyPrefix(name)
  )
    throw new Error(`the document ${name} is no alias table`);
  return { type: name, table: rows.table, idColumn: form.column, aliasColumn: alias.column };
}

/** An alias table as the document that it is; case is not told of it. */
export const aliasDocument = ({ type, table, idColumn, aliasColumn }: AliasMapping): DocumentMapping => ({
  name: type,
  key: {
    text: `${keyPrefix(type)}{${aliasColumn}}`,
    prefix: keyPrefix(type),
    parts: [{ column: aliasColumn, after: '' }],
  },
  form: { type: 'list', column: idColumn },
  ttl: undefined,
  rows: { table, where: undefined },
  watch: [{ table, by: [aliasColumn], select: undefined }],
});

/** Folds an alias as SQLite's LOWER does: ASCII letters only. */
export const foldAlias = (alias: string): string => alias.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

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
    if (!isMappingName(type)) return `the type "${type}" ${mappingNameRule}`;
    if (mappings.some((other) => other.type === type)) return `the type "${type}" is named twice`;
    mappings.push({ type, table, idColumn: idColumn ?? `${type}_id`, aliasColumn: aliasColumn ?? 'alias' });
  }
  return mappings.length === 0 ? 'it names no table' : mappings;
}
