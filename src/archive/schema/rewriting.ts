import type { Kind } from '../../mapping/kinds';
import { quoteName } from '../record/target';
import type { TableFacts } from './facts';
import { type Problem, qualified, schemaProblem } from './problems';

/**
 * Problems with rules that turn a statement into another one, so that rows would be written not at all, or twice. Triggers are no such
 * problem: what they do to a row is found out row by row. Pure.
 */
export function rewritingProblems(
  kind: Kind,
  table: TableFacts,
  onDelete: 'keep' | 'delete',
): readonly Problem[] {
  const name = `${table.schema}.${table.name}`;
  const rules = table.rules
    .filter(({ event, instead }) => event !== 'DELETE' || (instead && onDelete === 'delete'))
    .map((rule) =>
      schemaProblem(
        `${name} has a rule for ${rule.event}, ${rule.name}: Postgres allows no ON CONFLICT on such a table, and COPY passes the rule by`,
        `DROP RULE ${quoteName(rule.name)} ON ${qualified(table)}; -- or make it a trigger`,
      ),
    );
  const redirect = table.triggers.find(({ ours, before }) => !ours && before.includes('INSERT'));
  if (kind.appendOnly || !table.hasChildren || redirect === undefined) return rules;
  return [
    ...rules,
    schemaProblem(
      `${name} has child tables (INHERITS) and a trigger before INSERT, ${redirect.name}: a row that it puts into a child would be put there again with each change`,
      `DROP TRIGGER ${quoteName(redirect.name)} ON ${qualified(table)}; -- or use partitions, over which unique indexes hold`,
    ),
  ];
}
