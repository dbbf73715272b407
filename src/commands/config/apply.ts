import type { Command } from 'commander';
import { applyMappings, type Applied } from '../../control/apply';
import { requireMappingsOf } from '../../terminal/describe-plan';
import { openLog } from '../../log/log';
import { complain, print, printJson } from '../../terminal/print';
import { configWithStores, type RunVerb, withOptions } from '../options';

interface Flags extends Record<string, unknown> {
  readonly yes?: readonly string[];
  readonly forget?: readonly string[];
  readonly deleteKeys?: boolean;
  readonly json?: boolean;
}

const examples = `
Examples:
  millrace config apply                                  do what the plan says, and have running daemons read the file again
  millrace config apply --yes customers                  also where keys of the new mapping "customers" hold something else now
  millrace config apply --forget customers               a mapping that was taken out of the file: its keys are nobody's from now on
  millrace config apply --forget customers --delete-keys and are deleted

Exit code: 0 done, 1 something was left as it is, or failed, with what to do.`;

/** `millrace config apply`: does what the plan says. */
export function addApply(config: Command, run: RunVerb): void {
  withOptions(
    config
      .command('apply')
      .description('bring Redis in step with the mappings, and have running daemons read the file again')
      .option('--yes <name...>', 'new mappings that may replace what their keys hold now')
      .option('--forget <name...>', 'mappings that were taken out of the file')
      .option('--delete-keys', '--forget: delete the keys that they have left')
      .option('--json', 'print the result as JSON'),
    ['redisUrl', 'dbPath', 'config'],
  )
    .addHelpText('after', examples)
    .action((flags: Flags) =>
      run(async () => {
        const stores = configWithStores({ ...flags, only: 'aliases' });
        requireMappingsOf(stores);
        const { yes = [], forget = [], deleteKeys = false, json = false } = flags;
        const applied = await applyMappings(stores, openLog(stores.log, true), { yes, forget, deleteKeys });
        if (json) printJson(applied);
        else tell(applied);
        const refused = applied.daemons.some(({ outcome }) => outcome === 'refused');
        return applied.report.blocked.length > 0 || applied.unserved.length > 0 || refused ? 1 : 0;
      }),
    );
}

function tell({ capture, unserved, forgotten, daemons }: Applied): void {
  print([
    ...capture.map((reason) => `SQLite: ${reason}: done`),
    ...forgotten.map(({ name, prefix, deleted }) =>
      deleted === undefined
        ? `${name} is forgotten; the keys ${prefix}* stay`
        : `${name} is forgotten, with ${deleted} keys ${prefix}*`,
    ),
    ...daemons.map(({ by, says }) => `Daemon ${by}: ${says}`),
    ...(daemons.length === 0 ? ['No daemon has answered. Start one: millrace run'] : []),
  ]);
  complain(
    unserved.flatMap(({ type, message = '', hint }) => [
      `${type} cannot be served: ${message}`,
      ...(hint === undefined ? [] : [`    → ${hint}`]),
    ]),
  );
}
