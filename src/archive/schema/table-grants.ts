import { type Catalogue, type Kind, kindOf } from '../../mapping/kinds';
import { quoteName } from '../record/target';
import { inFew } from '../../foundation/in-few';
import { kindOfTable } from './expected-columns';
import type { SchemaFacts, TableFacts } from './facts';
import type { DueStep } from './plan';
import { grantProblem, type Problem, qualified } from './problems';
import { tableOf } from './things';

const needed = ['SELECT', 'INSERT', 'UPDATE'];

/** The problems of missing rights on tables and sequences that the daemon needs; DELETE only if it is to delete. Pure. */
export function tableGrantProblems(
  { server, tables }: SchemaFacts,
  onDelete: 'keep' | 'delete',
): readonly Problem[] {
  const role = quoteName(server.role);
  const wanted = onDelete === 'delete' ? [...needed, 'DELETE'] : needed;
  return [...tables.values()].flatMap((table) => {
    const missing = wanted.filter((privilege) => !table.privileges.includes(privilege));
    const problems: Problem[] = [];
    if (missing.length > 0) {
      problems.push(
        grantProblem(
          `role ${server.role} lacks ${missing.join(', ')} on ${table.schema}.${table.name}`,
          `GRANT ${missing.join(', ')} ON ${qualified(table)} TO ${role};`,
        ),
      );
    }
    if (table.sequence?.usable === false) {
      problems.push(
        grantProblem(
          `role ${server.role} may not use the sequence ${table.sequence.name}`,
          `GRANT USAGE ON SEQUENCE ${table.sequence.name} TO ${role};`,
        ),
      );
    }
    return problems;
  });
}

/** The problems of tables of other roles to which something has to be added: only their owner can do that. Pure. */
export function ownershipProblems(
  facts: SchemaFacts,
  due: readonly DueStep[],
  catalogue: Catalogue,
): readonly Problem[] {
  const { server, tables, own } = facts;
  const problems: Problem[] = [];
  for (const table of [...tables.values(), ...own.values()]) {
    if (table.owned) continue;
    const name = table.schema === 'millrace' ? `millrace.${table.name}` : table.name;
    const onIt = due.filter(({ thing }) => tableOf(thing) === name);
    const needsOwner = onIt.filter(({ thing }) => !thing.startsWith('trigger '));
    if (needsOwner.length > 0) {
      const path = `SET search_path = ${quoteName(table.schema)};`;
      problems.push(
        grantProblem(
          `${table.schema}.${table.name} belongs to role ${table.owner}: only its owner can add ${inFew(needsOwner.map(({ thing }) => thing))}`,
          [path, ...needsOwner.map(({ sql }) => sql.replace(/^--.*\n/gm, '')), 'RESET search_path;'].join(
            '\n      ',
          ),
        ),
      );
    }
    const wanted = [
      ...(isReferred(table, due, catalogue) ? ['REFERENCES'] : []),
      ...(onIt.length > needsOwner.length ? ['TRIGGER'] : []),
    ].filter((privilege) => !table.privileges.includes(privilege));
    if (wanted.length > 0) {
      problems.push(
        grantProblem(
          `role ${server.role} lacks ${wanted.join(', ')} on ${table.schema}.${table.name}, which a new table refers to`,
          `GRANT ${wanted.join(', ')} ON ${qualified(table)} TO ${quoteName(server.role)};`,
        ),
      );
    }
  }
  return problems;
}

/** Whether a table that is to be created will have a foreign key to this one. */
function isReferred(table: TableFacts, due: readonly DueStep[], catalogue: Catalogue): boolean {
  const parentsOf = (kind: Kind | undefined): readonly string[] =>
    kind?.parents.map((parent) => kindOf(catalogue, parent.kind).table) ?? [];
  const created = due
    .filter(({ thing }) => thing.startsWith('table '))
    .map(({ thing }) => tableOf(thing) ?? '');
  return created.some((name) => parentsOf(kindOfTable(catalogue, name)).includes(table.name));
}
