import type { Command } from 'commander';
import { useRunningDaemon } from '../../embedded/stores';
import { planRecords } from '../../archive/inspect/plan-records';
import { hasChanges, planMappings } from '../../control/plan';
import { requireMappingsOf, tellPlan, tellRecordPlan } from '../../terminal/describe-plan';
import { print, printJson } from '../../terminal/print';
import { configOf, configWithStores, type RunVerb, withOptions } from '../options';

const examples = `
Examples:
  millrace config plan                what the mappings would do, with three samples of each document
  millrace config plan --json | jq '.mappings[] | select(.takes > 0) | .name'

It reads SQLite, Redis and, for records, Postgres, and writes none of them.
Exit code: 0 there is nothing to do, 3 there is, 1 a mapping cannot be served or something failed, with what to do.`;

/** `millrace config plan`: what the mappings would do. */
export function addPlan(config: Command, run: RunVerb): void {
  withOptions(
    config
      .command('plan')
      .description('say what the mappings would do to SQLite, Redis and Postgres, and change nothing')
      .option('--json', 'print the plan as JSON'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'config'],
  )
    .addHelpText('after', examples)
    .action((flags: Record<string, unknown>) =>
      run(async () => {
        const config = useRunningDaemon(configOf(flags));
        const records = config.postgres === undefined ? [] : await planRecords(config, config.postgres);
        const stopped = records.some(({ state }) => state === 'stopped');
        const due = records.some(({ steps, differ }) => steps.length + differ > 0);
        const json = flags['json'] === true;
        // A file of records alone says nothing of SQLite.
        if (records.length > 0 && config.aliasTables.length + config.documents.length === 0) {
          if (json) printJson({ records });
          else print(tellRecordPlan(records));
          return stopped ? 1 : due ? 3 : 0;
        }
        const stores = configWithStores({ ...flags, only: 'aliases' });
        requireMappingsOf(stores);
        const plan = await planMappings(stores);
        if (json) printJson({ ...plan, records });
        else print([...tellPlan(plan, stores), ...tellRecordPlan(records)]);
        const unserved = plan.mappings.some(({ state }) => state === 'unserved');
        return stopped || unserved ? 1 : due || hasChanges(plan) ? 3 : 0;
      }),
    );
}
