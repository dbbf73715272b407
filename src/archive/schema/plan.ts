import type { SchemaFacts } from './facts';
import { type Migration, migrations, type Step } from './migration-files';
import { presentThings } from './things';

export interface DueStep extends Step {
  readonly migration: Migration;
}

/** The steps that are due, in order; empty when the schema is complete. Pure. */
export function planMigration(facts: SchemaFacts, files = migrations()): readonly DueStep[] {
  const present = presentThings(facts);
  const isDue = ({ thing, condition }: Step): boolean => {
    if (present.has(thing)) return false;
    if (condition === undefined) return true;
    const table = facts.tables.get(condition.table);
    if (condition.is === 'adopted') return table !== undefined;
    // We check a table's references if we make the table now, or made it once, in which case it has our triggers.
    return table === undefined || table.triggers.some((trigger) => trigger.ours);
  };
  return files.flatMap((migration) => migration.steps.filter(isDue).map((step) => ({ ...step, migration })));
}
