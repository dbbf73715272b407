import type { Command } from 'commander';
import { progressBar } from '../archive/warm/progress-bar';
import { keptSince, type WarmLimits } from '../archive/warm/limits';
import { isComplete, planLines, reportLines } from '../archive/warm/report';
import { warm } from '../archive/warm/warm';
import { requirePostgres } from '../config/load';
import { retentionInForce } from '../mapping/retention-policy';
import { useRunningDaemon } from '../embedded/stores';
import { fatal } from '../foundation/errors';
import { configOf, type RunVerb, withOptions } from './options';
import { print, printJson } from '../terminal/print';

const defaultNewest = '1000';

/** Parses --predictions. @throws E_CONFIG */
function parseNewest(text: string): WarmLimits['newest'] {
  if (text.toLowerCase() === 'all') return 'all';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw fatal(`--predictions="${text}" must be a whole number (0: none), or all`, {
    code: 'E_CONFIG',
    hint: `It says how many predictions of each version are put back, the newest first (default ${defaultNewest}).`,
  });
}

/** `millrace warm`: fills an empty or partial Redis from Postgres. */
export function warmCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('warm')
      .description('fill an empty or partial Redis from Postgres; what is there stays as it is')
      .option(
        '--predictions <n>',
        'the newest n predictions of each version, 0 for none, or all',
        defaultNewest,
      )
      .option('--dry-run', 'say what would be put back, and change nothing')
      .option('--json', 'print the result as a line of JSON'),
    ['redisUrl', 'postgresUrl', 'config'],
  )
    .addHelpText(
      'after',
      '\nExit code: 0 everything that has its place in Redis is there, 2 some records were kept back, 1 failed, with what to do.' +
        '\n\nExamples:\n  millrace warm --dry-run\n  millrace warm --predictions all',
    )
    .action((flags: Record<string, unknown>) =>
      run(async (signal) => {
        const newest = parseNewest(String(flags['predictions']));
        const config = useRunningDaemon(configOf(flags));
        const limits = {
          newest,
          since: keptSince(retentionInForce(config.retention, config.catalogue)),
        };
        const [dryRun, json] = [flags['dryRun'] === true, flags['json'] === true];
        const bar = progressBar();
        try {
          const report = await warm({
            ...{ config, target: requirePostgres(config), limits, dryRun, signal },
            onPlan: (plan, facts) => {
              if (!json) print(planLines(plan, facts, limits));
              bar.start(plan);
            },
            onProgress: bar.update,
          });
          bar.stop();
          if (json) printJson({ ...report, dryRun });
          else print(reportLines(report, config.catalogue, dryRun));
          return isComplete(report) ? 0 : 2;
        } finally {
          bar.stop();
        }
      }),
    );
}
