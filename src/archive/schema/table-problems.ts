import type { Kind } from '../../mapping/kinds';
import { quoteName } from '../record/target';
import { type ExpectedColumn, expectedColumns, identityColumn } from './expected-columns';
import type { ColumnFacts, TableFacts } from './facts';
import { grantProblem, type Problem, qualified, schemaProblem } from './problems';
import { rewritingProblems } from './rewriting';

const insteadOfTable = { v: 'a view', m: 'a materialized view', f: 'a foreign table' } as const;

/** The problems that keep an existing table from taking the records of its kind. Pure. */
export function tableProblems(
  kind: Kind,
  table: TableFacts,
  { role, onDelete }: { readonly role: string; readonly onDelete: 'keep' | 'delete' },
): readonly Problem[] {
  const place = placeProblems(table, role);
  // There are no columns to speak of in what is no table.
  if (table.kind in insteadOfTable) return place;
  return [
    ...place,
    ...columnProblems(kind, table),
    ...idProblems(kind, table),
    ...foreignColumnProblems(kind, table),
    ...rewritingProblems(kind, table, onDelete),
  ];
}

/** The problems of a relation that cannot hold an archive at all, whatever columns it has. Pure. */
export function placeProblems(table: TableFacts, role: string): readonly Problem[] {
  const name = `${table.schema}.${table.name}`;
  if (table.kind === 'v' || table.kind === 'm' || table.kind === 'f') {
    const what = insteadOfTable[table.kind].replace(/^an? /, '').toUpperCase();
    return [
      schemaProblem(
        `${name} is ${insteadOfTable[table.kind]}, and the archive needs a table`,
        `ALTER ${what} ${qualified(table)} RENAME TO ${quoteName(`${table.name}_view`)}; -- or let search_path lead to another schema`,
      ),
    ];
  }
  const problems: Problem[] = [];
  if (table.unlogged) {
    problems.push(
      schemaProblem(
        `${name} is unlogged: a crash would empty it`,
        `ALTER TABLE ${qualified(table)} SET LOGGED;`,
      ),
    );
  }
  if (table.rowSecurity) {
    problems.push(
      grantProblem(
        `row-level security applies to role ${role} on ${name}`,
        `ALTER ROLE ${quoteName(role)} BYPASSRLS;`,
      ),
    );
  }
  return problems;
}

function columnProblems(kind: Kind, table: TableFacts): readonly Problem[] {
  const own = identityColumn(kind);
  const name = `${table.schema}.${table.name}`;
  const problems: Problem[] = [];
  for (const expected of [...expectedColumns(kind), ...(own === undefined ? [] : [own])]) {
    const column = table.columns.find((one) => one.name === expected.name);
    if (column === undefined) {
      if (expected !== own) problems.push(missingColumn(kind, table, expected));
    } else if (!expected.accepts(column)) {
      problems.push(
        schemaProblem(
          `${name}.${column.name} is ${column.type}, where ${expected.type} is needed`,
          `ALTER TABLE ${qualified(table)} ALTER COLUMN ${quoteName(column.name)} TYPE ${expected.type} USING ${quoteName(column.name)}::text::${expected.type};`,
        ),
      );
    } else if (column.generated) {
      problems.push(
        schemaProblem(
          `${name}.${column.name} is generated: it takes no values`,
          `ALTER TABLE ${qualified(table)} ALTER COLUMN ${quoteName(column.name)} DROP EXPRESSION;`,
        ),
      );
    }
  }
  return problems;
}

function missingColumn(kind: Kind, table: TableFacts, expected: ExpectedColumn): Problem {
  const renamed = strangers(kind, table).filter((column) => expected.accepts(column));
  const add = `ALTER TABLE ${qualified(table)} ADD COLUMN ${quoteName(expected.name)} ${expected.type};`;
  const rename = renamed.map(
    (column) =>
      `ALTER TABLE ${qualified(table)} RENAME COLUMN ${quoteName(column.name)} TO ${quoteName(expected.name)};`,
  );
  return schemaProblem(
    `${table.schema}.${table.name} has no column ${expected.name}`,
    rename.length === 0 ? add : `${add} -- or, if it was renamed: ${rename.join(' or ')}`,
  );
}

/** The columns that we do not know. */
function strangers(kind: Kind, table: TableFacts): readonly ColumnFacts[] {
  const known = new Set([...expectedColumns(kind), identityColumn(kind)].map((column) => column?.name));
  return table.columns.filter(({ name }) => !known.has(name));
}

function idProblems(kind: Kind, table: TableFacts): readonly Problem[] {
  const id = table.columns.find(({ name }) => name === 'id');
  if (id === undefined) return [];
  const name = `${table.schema}.${table.name}`;
  const problems: Problem[] = [];
  const unique = table.indexes.some(
    ({ columns, unique, predicate }) =>
      unique && predicate === null && columns.length === 1 && columns[0] === 'id',
  );
  if (kind.identity === 'mapped' && !unique) {
    problems.push(
      schemaProblem(`${name}.id has no primary key`, `ALTER TABLE ${qualified(table)} ADD PRIMARY KEY (id);`),
    );
  }
  if (table.sequence === null) {
    const alter = `ALTER TABLE ${qualified(table)} ALTER COLUMN id`;
    const first = id.hasDefault ? `${alter} DROP DEFAULT; ` : id.notNull ? '' : `${alter} SET NOT NULL; `;
    problems.push(
      schemaProblem(
        `${name}.id has no sequence: a row inserted without an id gets none`,
        `${first}${alter} ADD GENERATED BY DEFAULT AS IDENTITY;`,
      ),
    );
  }
  return problems;
}

/** The problem of columns that we do not know and that must have a value: every insert of ours would fail. */
function foreignColumnProblems(kind: Kind, table: TableFacts): readonly Problem[] {
  const known = new Set(table.columns.map(({ name }) => name));
  for (const { name } of strangers(kind, table)) known.delete(name);
  return requiredStrangers(table, known).map((column) =>
    schemaProblem(
      `${table.schema}.${table.name}.${column.name} (${column.type}) is NOT NULL without a default, and Millrace has no value for it`,
      `ALTER TABLE ${qualified(table)} ALTER COLUMN ${quoteName(column.name)} DROP NOT NULL; -- or … SET DEFAULT …`,
    ),
  );
}

/** The columns that are not known, and without a value for which no row can be inserted. */
export const requiredStrangers = (
  { columns }: TableFacts,
  known: ReadonlySet<string>,
): readonly ColumnFacts[] =>
  columns.filter(
    ({ name, notNull, hasDefault, identity, generated }) =>
      !known.has(name) && notNull && !hasDefault && identity === null && !generated,
  );
