import type { Command } from 'commander';
import { applyMappings, type Applied } from '../../control/apply';
import { tellApplied } from '../../terminal/describe-plan';
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

It makes one full pass of the cache; of records only where no daemon runs that makes it.
Exit code: 0 done, 2 done, and records are parked, 1 something was left as it is, or failed, with what to do.`;

/** `millrace config apply`: does what the plan says. */
export function addApply(config: Command, run: RunVerb): void {
  withOptions(
    config
      .command('apply')
      .description(
        'bring Redis, and the tables in Postgres, in step with the mappings; running daemons read the file again',
      )
      .option('--yes <name...>', 'new mappings that may replace what their keys hold now')
      .option('--forget <name...>', 'mappings that were taken out of the file')
      .option('--delete-keys', '--forget: delete the keys that they have left')
      .option('--json', 'print the result as JSON'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only', 'config'],
  )
    .addHelpText('after', examples)
    .action((flags: Flags) =>
      run(async () => {
        const config = configWithStores(flags);
        const { yes = [], forget = [], deleteKeys = false, json = false } = flags;
        const applied = await applyMappings(config, openLog(config.log, true), { yes, forget, deleteKeys });
        if (json) printJson(applied);
        else print(tellApplied(applied));
        if (!json) complain(faultsOf(applied));
        return codeOf(applied);
      }),
    );
}

/** What could not be done, each with what to do. */
const faultsOf = ({ cache, postgres }: Applied): readonly string[] => [
  ...(cache?.unserved ?? []).flatMap(({ type, message = '', hint }) => [
    `${type} cannot be served: ${message}`,
    ...(hint === undefined ? [] : [`    → ${hint}`]),
  ]),
  ...(postgres?.failed ?? []).flatMap(({ kind, message, hint }) => [
    `${kind} cannot be served: ${message}`,
    `    → ${hint}`,
  ]),
];

function codeOf(applied: Applied): number {
  const { cache, archive, daemons } = applied;
  const refused = daemons.some(({ outcome }) => outcome === 'refused');
  if ((cache?.report.blocked.length ?? 0) > 0 || faultsOf(applied).length > 0 || refused) return 1;
  return (archive?.statistics.errors ?? 0) > 0 ? 2 : 0;
}
