import type { OwnKind } from '../../../mapping/kinds';
import { inFew } from '../../../foundation/in-few';
import { quoteName } from '../../record/target';
import { expectedOwnColumns } from '../expected-columns';
import type { SchemaFacts, TableFacts } from '../facts';
import { adoptionProblem } from './mapped';
import { grantProblem, type Problem, qualified, schemaProblem } from '../problems';
import { rewritingProblems } from '../rewriting';
import { placeProblems, requiredStrangers } from '../table-problems';

/** What keeps a table from taking the records of a mapping of the user's own, or us from making what it lacks. Pure. */
export function ownProblems(
  kind: OwnKind,
  table: TableFacts | undefined,
  { server, strange }: SchemaFacts,
  due: readonly { readonly thing: string; readonly sql: string }[],
): readonly Problem[] {
  const role = quoteName(server.role);
  if (table === undefined) {
    if (server.mayCreateTables) return [];
    const [step] = due;
    return [
      grantProblem(
        `role ${server.role} may not create table ${kind.table} in schema ${server.schema ?? ''}`,
        `GRANT USAGE, CREATE ON SCHEMA ${quoteName(server.schema ?? '')} TO ${role}; -- or, as somebody who may: ${step?.sql ?? ''}`,
      ),
    ];
  }
  const place = placeProblems(table, server.role);
  if (place.length > 0) return place;
  const problems = [
    ...columnProblems(kind, table),
    ...strangerProblems(kind, table),
    ...narrowKeyProblems(kind, table),
  ];
  if (strange.has(kind.table)) problems.push(adoptionProblem(kind, table));
  problems.push(...rewritingProblems(kind, table, kind.own.onDelete === 'delete' ? 'delete' : 'keep'));
  if (due.length > 0 && !table.owned) {
    const things = inFew(due.map(({ thing }) => thing));
    problems.push(
      grantProblem(
        `${table.schema}.${table.name} belongs to role ${table.owner}: only its owner can add the ${things}`,
        due.map(({ sql }) => sql).join('\n      '),
      ),
    );
  }
  const needed = ['SELECT', 'INSERT', 'UPDATE', ...(kind.own.onDelete === 'delete' ? ['DELETE'] : [])];
  const missing = needed.filter((privilege) => !table.privileges.includes(privilege));
  if (missing.length > 0) {
    problems.push(
      grantProblem(
        `role ${server.role} lacks ${missing.join(', ')} on ${table.schema}.${table.name}`,
        `GRANT ${missing.join(', ')} ON ${qualified(table)} TO ${role};`,
      ),
    );
  }
  return problems;
}

function columnProblems(kind: OwnKind, table: TableFacts): readonly Problem[] {
  const name = `${table.schema}.${table.name}`;
  return expectedOwnColumns(kind).flatMap((expected): Problem[] => {
    const column = table.columns.find((one) => one.name === expected.name);
    if (column === undefined) return []; // it is added
    const alter = `ALTER TABLE ${qualified(table)} ALTER COLUMN ${quoteName(column.name)}`;
    if (column.generated)
      return [
        schemaProblem(`${name}.${column.name} is generated: it takes no values`, `${alter} DROP EXPRESSION;`),
      ];
    if (expected.accepts(column)) return [];
    return [
      schemaProblem(
        `${name}.${column.name} is ${column.type}, where mapping ${kind.name} has ${expected.type}`,
        `${alter} TYPE ${expected.type} USING ${quoteName(column.name)}::text::${expected.type}; -- or let the mapping say another type`,
      ),
    ];
  });
}

/** Columns that must have a value, and for which the mapping has none. */
const strangerProblems = (kind: OwnKind, table: TableFacts): readonly Problem[] =>
  requiredStrangers(table, new Set(expectedOwnColumns(kind).map(({ name }) => name))).map((column) =>
    schemaProblem(
      `${table.schema}.${table.name}.${column.name} (${column.type}) is NOT NULL without a default, and mapping ${kind.name} has no value for it`,
      `Let the mapping fill ${column.name}, or: ALTER TABLE ${qualified(table)} ALTER COLUMN ${quoteName(column.name)} DROP NOT NULL; -- or … SET DEFAULT …`,
    ),
  );

/** Unique indexes over parts of the key alone, where it comes again for other records: each would be refused a row beside those of before. */
function narrowKeyProblems({ name, own }: OwnKind, table: TableFacts): readonly Problem[] {
  if (own.born === undefined) return [];
  const parts = own.parts.map(({ column }) => column);
  const isNarrow = ({ unique, predicate, columns }: TableFacts['indexes'][number]) =>
    unique && predicate === null && columns.every((column) => column !== null && parts.includes(column));
  return table.indexes
    .filter(isNarrow)
    .map((index) =>
      schemaProblem(
        `${table.schema}.${table.name} may have one row for each ${index.columns.join(', ')} (${index.name}), and mapping ${name} has identity: [${[...parts, own.born].join(', ')}]: a record that has the key of an earlier one needs a row beside it`,
        `ALTER TABLE ${qualified(table)} DROP CONSTRAINT ${quoteName(index.name)}; -- or, if it is an index alone: DROP INDEX …; Millrace adds one over (${[...parts, own.born].join(', ')})`,
      ),
    );
}
