import type { Command } from 'commander';
import { hasChanges, hasFaults, planMappings } from '../../control/plan';
import { tellPlan } from '../../terminal/describe-plan';
import { print, printJson } from '../../terminal/print';
import { configWithStores, type RunVerb, withOptions } from '../options';

const examples = `
Examples:
  millrace config plan                what the mappings would do to Redis, with three samples of each; what Postgres lacks
  millrace config plan --json | jq '.mappings[] | select(.takes > 0) | .name'

It reads the stores, and writes none of them.
Exit code: 0 there is nothing to do, 3 there is, 1 a mapping cannot be served or something failed, with what to do.`;

/** `millrace config plan`: what the mappings would do. */
export function addPlan(config: Command, run: RunVerb): void {
  withOptions(
    config
      .command('plan')
      .description('say what the mappings would do to SQLite, Redis and Postgres, and change nothing')
      .option('--json', 'print the plan as JSON'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only', 'config'],
  )
    .addHelpText('after', examples)
    .action((flags: Record<string, unknown>) =>
      run(async () => {
        const config = configWithStores(flags);
        const plan = await planMappings(config);
        if (flags['json'] === true) printJson(plan);
        else print(tellPlan(plan, config));
        return hasFaults(plan) ? 1 : hasChanges(plan) ? 3 : 0;
      }),
    );
}
