import type { SchemaFacts } from './facts';
import { type Migration, migrations, type Step } from './migration-files';
import { presentThings } from './things';

export interface DueStep extends Step {
  readonly migration: Migration;
}

/** What is missing, in the order in which it has to be made; empty when the schema is complete. Pure. */
export function planMigration(facts: SchemaFacts, files = migrations()): readonly DueStep[] {
  const present = presentThings(facts);
  const isDue = ({ thing, condition }: Step): boolean => {
    if (present.has(thing)) return false;
    if (condition === undefined) return true;
    const table = facts.tables.get(condition.table);
    if (condition.is === 'adopted') return table !== undefined;
    // Its references are ours to check when we make it now, or made it once: then it carries our triggers.
    return table === undefined || table.triggers.some((trigger) => trigger.ours);
  };
  return files.flatMap((migration) => migration.steps.filter(isDue).map((step) => ({ ...step, migration })));
}
