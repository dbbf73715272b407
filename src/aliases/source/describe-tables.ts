import type { AliasSource } from './source';

/** The served tables with their mapped columns, and the others with the reason: what a pass depends on. */
export const describeTables = (source: AliasSource): string =>
  [
    ...source.entries.map((entry) =>
      entry.state === 'served'
        ? `${entry.table}(${entry.idColumn}, ${entry.aliasColumn})`
        : `${entry.mapping.table} ${entry.reason}`,
    ),
    ...source.documents.map((entry) =>
      entry.state === 'served'
        ? `${entry.mapping.name} of ${entry.table.name}(${entry.columns.map(({ name }) => name).join(', ')})`
        : `${entry.mapping.name} ${entry.reason}`,
    ),
  ].join(', ');
