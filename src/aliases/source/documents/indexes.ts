import { fillTemplate, quoteIdentifier } from '../identifiers';
import { readAsset } from '../../../foundation/package-root';
import type { Column, Table } from '../table';

const template = readAsset('triggers/document_index.sql');

/** The index by which the keys of a table are walked and looked up. */
export function indexFor(
  table: Table,
  columns: readonly Column[],
): { readonly name: string; readonly sql: string } {
  const name = `millrace_t:${table.name}(${columns.map((column) => column.name).join(',')})`;
  return {
    name,
    sql: fillTemplate(template, {
      name: quoteIdentifier(name),
      table: quoteIdentifier(table.name),
      columns: columns.map((column) => quoteIdentifier(column.name)).join(', '),
    }),
  };
}
