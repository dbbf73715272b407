import { type Catalogue, registryOf } from '../../mapping/kinds';
import { type SchemaFacts, tablesOf } from './facts';
import { type Migration, migrations, type Step } from './migration-files';
import { presentThings, tableOf } from './things';

export interface DueStep extends Step {
  readonly migration: Migration;
}

/**
 * The steps that are due, in order; empty when the schema is complete. What belongs to tables that no kind of the catalogue has is none
 * of ours. Pure.
 */
export function planMigration(
  facts: SchemaFacts,
  catalogue: Catalogue,
  files = migrations(),
): readonly DueStep[] {
  const wanted = new Set(tablesOf(registryOf(catalogue)));
  const isOurs = (table = 'millrace.'): boolean => table.startsWith('millrace.') || wanted.has(table);
  const present = presentThings(facts);
  const isDue = ({ thing, condition }: Step): boolean => {
    if (present.has(thing) || !isOurs(tableOf(thing)) || !isOurs(condition?.table)) return false;
    if (condition === undefined) return true;
    const table = facts.tables.get(condition.table);
    if (condition.is === 'adopted') return table !== undefined;
    // We check a table's references if we make the table now, or made it once, in which case it has our triggers.
    return table === undefined || table.triggers.some((trigger) => trigger.ours);
  };
  return files.flatMap((migration) => migration.steps.filter(isDue).map((step) => ({ ...step, migration })));
}
