import type { Command } from 'commander';
import type { Difference } from '../aliases/dry-run';
import { dryRunPass } from '../aliases/dry-run-pass';
import { passSummary } from '../aliases/report';
import { archiveDryRun } from '../archive/dry-run';
import { archiveOnce } from '../archive/once';
import { type Config, requirePostgres } from '../config';
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
      .option(
        '--json',
        'print each pipeline’s result as a line of JSON (with --dry-run: each difference first)',
      )
      .option('--force', 'aliases: delete even when that is more than half of the keys of a type'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only'],
  ).action((flags: Flags & Record<string, unknown>) =>
    run(async () => {
      const config = useRunningDaemon(configOf(flags));
      const { pipelines } = config;
      if (pipelines.includes('archive')) requirePostgres(config);
      const codes: number[] = [];
      if (pipelines.includes('aliases')) codes.push(await reconcileAliases(config, flags));
      if (pipelines.includes('archive')) codes.push(await reconcileArchive(config, flags));
      return codes.includes(1) ? 1 : Math.max(...codes);
    }),
  );
}

async function reconcileAliases(config: Config, { dryRun, json, force = false }: Flags): Promise<number> {
  if (dryRun !== true) {
    const report = await passOnce(config, openLog(config.log, true), { force });
    if (json === true) console.log(JSON.stringify(report));
    return report.blocked.length > 0 ? 1 : 0;
  }
  const report = await dryRunPass(config, force, (difference) => {
    console.log(json === true ? JSON.stringify(difference) : describe(difference));
  });
  console.log(json === true ? JSON.stringify(report) : `${passSummary(report)}Dry run: nothing was changed.`);
  return report.blocked.length > 0 ? 1 : 0;
}

async function reconcileArchive(config: Config, { dryRun, json }: Flags): Promise<number> {
  if (dryRun !== true) {
    const report = await archiveOnce(config, openLog(config.log, true));
    if (json === true) console.log(JSON.stringify(report));
    return report.statistics.errors > 0 ? 2 : 0;
  }
  const report = await archiveDryRun(config, requirePostgres(config), (difference) => {
    console.log(json === true ? JSON.stringify(difference) : `≠ ${difference.key}`);
  });
  const differences = Object.entries(report.differences).map(([kind, count]) => `${kind} ${count}`);
  console.log(
    json === true
      ? JSON.stringify(report)
      : `${report.keys} keys compared with Postgres in ${(report.ms / 1_000).toFixed(2)}s; differing: ${differences.join(', ') || 'none'}\nDry run: nothing was changed.`,
  );
  return 0;
}

const sign = { add: '+', update: '~', delete: '-' } as const;

const describe = ({ key, change, redis, table }: Difference): string =>
  `${sign[change]} ${key}  ${redis ?? '(nil)'} -> ${table ?? '(nil)'}`;
