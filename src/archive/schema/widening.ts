import type { ClientBase } from 'pg';
import { quoteName } from '../record/target';
import type { SchemaFacts } from './facts';
import { queryFile } from './query-json';
import type { DueStep } from './plan';
import { type Problem, schemaProblem } from './problems';

interface Dependent {
  readonly name: string;
  readonly drop: string;
  readonly create: readonly string[];
}

/**
 * The problems of columns that have to become bigint while views or rules read them, which Postgres refuses. Views are not ours to
 * drop, so the whole change is written out for an administrator: one transaction that brings everything back as it was.
 */
export async function wideningProblems(
  client: ClientBase,
  { server, tables }: SchemaFacts,
  due: readonly DueStep[],
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  // All columns of a table at once, for one view may read several of them.
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
          // the path under which the views were printed: names in their text may lack the schema
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
