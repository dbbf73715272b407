import { type Command, InvalidArgumentError } from 'commander';
import { dryRunPass } from '../aliases/pass/dry-run-pass';
import { dryRunSummary } from '../aliases/pass/report';
import { archiveDryRun } from '../archive/pass/dry-run';
import type { ArchiveDifference } from '../archive/pass/explain';
import { archiveOnce } from '../archive/once';
import { skippedLines } from '../archive/pass/report';
import { type Config, requirePostgres } from '../config/load';
import { openLog } from '../log/log';
import { aliasesOnce } from '../aliases/once';
import { describeAlias, describeRecord } from '../terminal/describe-difference';
import { configWithStores, type RunVerb, withOptions } from './options';
import { print, printJson } from '../terminal/print';

interface Flags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly force?: boolean;
  readonly limit: number;
}

const examples = `
Examples:
  millrace reconcile                             compare everything, repair what differs
  millrace reconcile --only archive --json       one pipeline, its result as JSON
  millrace reconcile --dry-run                   what would be repaired, column by column
  millrace reconcile --dry-run --limit 20        only the first 20; the total is told all the same
  millrace reconcile --dry-run --json | jq -c 'select(.change == "missing") | .key'

Exit code: 0 all in step, 2 in step but records are parked, 3 a dry run found something that differs, 1 failed, with what to do.
A dry run prints contents of records.`;

/** `millrace reconcile`: a full pass now, safe beside a running daemon. */
export function reconcileCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('reconcile')
      .description('compare everything once and repair what differs; safe beside a running daemon')
      .option('--dry-run', 'list each difference and change nothing')
      .option(
        '--json',
        'print each pipeline’s result as a line of JSON (with --dry-run: each difference first)',
      )
      .option(
        '--limit <count>',
        '--dry-run: tell so many differences of each pipeline; count the rest',
        parseLimit,
        1_000,
      )
      .option(
        '--force',
        'cache: delete even when that is more than half of the keys of a mapping, and take over what new ones find',
      ),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only', 'config'],
  )
    .addHelpText('after', examples)
    .action((flags: Flags & Record<string, unknown>) =>
      run(async () => {
        const config = configWithStores(flags);
        const { pipelines } = config;
        if (pipelines.includes('archive')) requirePostgres(config);
        const codes: number[] = [];
        if (pipelines.includes('aliases')) codes.push(await reconcileAliases(config, flags));
        if (pipelines.includes('archive')) codes.push(await reconcileArchive(config, flags));
        return codes.includes(1) ? 1 : Math.max(...codes);
      }),
    );
}

async function reconcileAliases(
  config: Config,
  { dryRun, json, limit, force = false }: Flags,
): Promise<number> {
  if (dryRun !== true) {
    const report = await aliasesOnce(config, openLog(config.log, true), { force });
    if (json === true) printJson(report);
    return report.blocked.length > 0 ? 1 : 0;
  }
  let found = 0;
  const report = await dryRunPass(config, { force }, (difference) => {
    if (++found > limit) return;
    if (json === true) printJson(difference);
    else print(describeAlias(difference));
  });
  if (json === true) printJson({ ...report, dryRun: true });
  else print(`${cut(found, limit)}${dryRunSummary(report)}`.split('\n'));
  return report.blocked.length > 0 ? 1 : found > 0 ? 3 : 0;
}

async function reconcileArchive(config: Config, { dryRun, json, limit }: Flags): Promise<number> {
  if (dryRun !== true) {
    const report = await archiveOnce(config, openLog(config.log, true));
    if (json === true) printJson(report);
    return report.statistics.errors > 0 ? 2 : 0;
  }
  const tell = (difference: ArchiveDifference) => {
    if (json === true) printJson(difference);
    else print(describeRecord(difference).split('\n'));
  };
  const report = await archiveDryRun(config, requirePostgres(config), tell, limit);
  const total = Object.values(report.differences).reduce((sum, count) => sum + count, 0);
  if (json === true) printJson({ ...report, dryRun: true });
  else {
    const differences = Object.entries(report.differences).map(([kind, count]) => `${kind} ${count}`);
    const { keys, ms, told, parkedAlready } = report;
    print(
      [
        ...(told < limit ? [] : cut(total, told).split('\n', 1)),
        `${keys} keys compared with Postgres in ${(ms / 1_000).toFixed(2)}s; differing: ${differences.join(', ') || 'none'}`,
        ...skippedLines(report.skipped),
        ...(parkedAlready === 0
          ? []
          : [`Parked already, of these: ${parkedAlready} (millrace dead-letters list)`]),
        'Dry run: nothing was changed.',
      ].filter((line) => line !== ''),
    );
  }
  const untold = report.told >= limit && total > report.told;
  return untold || report.told > report.parkedAlready ? 3 : report.parked > 0 ? 2 : 0;
}

const cut = (total: number, limit: number): string =>
  total > limit ? `… the first ${limit} of ${total}; --limit tells more.\n` : '';

function parseLimit(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a limit is a whole number.');
}
