import type { Command } from 'commander';
import { dryRunPass } from '../aliases/dry-run-pass';
import type { Difference } from '../aliases/dry-run';
import { passSummary } from '../aliases/report';
import { openLog } from '../log';
import { passOnce } from '../once';
import { useRunningDaemon } from '../stores';
import { configOf, type Run, withOptions } from './options';

interface Flags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly force?: boolean;
}

/** `millrace reconcile`: a full pass now, safe beside a running daemon. */
export function reconcileCommand(program: Command, run: Run): void {
  withOptions(
    program
      .command('reconcile')
      .description('compare everything once and repair what differs; safe beside a running daemon')
      .option('--dry-run', 'list each difference and change nothing')
      .option('--json', 'print the result as JSON (with --dry-run: one line for each difference first)')
      .option('--force', 'delete even when that is more than half of the keys of a type'),
    ['redisUrl', 'dbPath'],
  ).action((flags: Flags & Record<string, unknown>) =>
    run(async () => {
      const config = useRunningDaemon(configOf(flags));
      const log = openLog(config.log, true);
      const json = flags.json === true;
      if (flags.dryRun === true) {
        const print = (difference: Difference) => {
          console.log(json ? JSON.stringify(difference) : describe(difference));
        };
        const report = await dryRunPass(config, flags.force === true, print);
        console.log(json ? JSON.stringify(report) : `${passSummary(report)}Dry run: nothing was changed.`);
        return report.blocked.length > 0 ? 1 : 0;
      }
      const report = await passOnce(config, log, flags.force === true);
      if (json) console.log(JSON.stringify(report));
      return report.blocked.length > 0 ? 1 : 0;
    }),
  );
}

const sign = { add: '+', update: '~', delete: '-' } as const;

const describe = ({ key, change, redis, table }: Difference): string =>
  `${sign[change]} ${key}  ${redis ?? '(nil)'} -> ${table ?? '(nil)'}`;
