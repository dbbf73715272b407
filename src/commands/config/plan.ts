import type { Command } from 'commander';
import { hasChanges, planMappings } from '../../control/plan';
import { requireMappingsOf, tellPlan } from '../../terminal/describe-plan';
import { print, printJson } from '../../terminal/print';
import { configWithStores, type RunVerb, withOptions } from '../options';

const examples = `
Examples:
  millrace config plan                what the mappings would do to Redis, with three samples of each
  millrace config plan --json | jq '.mappings[] | select(.takes > 0) | .name'

It reads SQLite and Redis, and writes neither.
Exit code: 0 there is nothing to do, 3 there is, 1 a mapping cannot be served or something failed, with what to do.`;

/** `millrace config plan`: what the mappings would do. */
export function addPlan(config: Command, run: RunVerb): void {
  withOptions(
    config
      .command('plan')
      .description('say what the mappings would do to SQLite and Redis, and change nothing')
      .option('--json', 'print the plan as JSON'),
    ['redisUrl', 'dbPath', 'config'],
  )
    .addHelpText('after', examples)
    .action((flags: Record<string, unknown>) =>
      run(async () => {
        const stores = configWithStores({ ...flags, only: 'aliases' });
        requireMappingsOf(stores);
        const plan = await planMappings(stores);
        if (flags['json'] === true) printJson(plan);
        else print(tellPlan(plan, stores));
        return plan.mappings.some(({ state }) => state === 'unserved') ? 1 : hasChanges(plan) ? 3 : 0;
      }),
    );
}
