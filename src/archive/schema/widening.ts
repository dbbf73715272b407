import type { ClientBase } from 'pg';
import { quoteName } from '../record/target';
import { queryFile, type SchemaFacts } from './facts';
import type { DueStep } from './plan';
import { type Problem, schemaProblem } from './problems';

interface Dependent {
  readonly name: string;
  readonly drop: string;
  readonly create: readonly string[];
}

/**
 * Postgres does not change the type of a column that views or rules read. Taking them away is not ours to do, so the whole
 * change is written out for an administrator: in one transaction, with everything brought back as it was.
 */
export async function wideningProblems(
  client: ClientBase,
  { server, tables }: SchemaFacts,
  due: readonly DueStep[],
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  // One table's columns together: the same views may read several.
  for (const table of tables.values()) {
    const steps = due.filter(({ thing }) => thing.startsWith(`bigint ${table.name}.`));
    const dependents = new Map<string, Dependent>();
    for (const { thing } of steps) {
      const column = thing.slice(`bigint ${table.name}.`.length);
      const found = await queryFile<Dependent>(client, 'dependents', [server.schema, table.name, column]);
      for (const one of found) dependents.set(one.drop, one);
    }
    if (dependents.size === 0) continue;
    const inOrder = [...dependents.values()];
    problems.push(
      schemaProblem(
        `${table.schema}.${table.name} holds counts in integer columns, too small for what comes, and ${inOrder.map(({ name }) => name).join(', ')} keeps them from being widened`,
        [
          'BEGIN;',
          // as it was when the views were printed: they name what it leads to without the schema
          `SET LOCAL search_path = ${server.usableSchemas.map(quoteName).join(', ')};`,
          ...inOrder.map(({ drop }) => `${drop};`),
          ...steps.map(({ sql }) => sql),
          ...inOrder.reverse().flatMap(({ create }) => create.map((statement) => `${statement};`)),
          'COMMIT;',
        ].join('\n      '),
      ),
    );
  }
  return problems;
}
