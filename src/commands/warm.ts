import type { Command } from 'commander';
import { progressBar } from '../archive/warm/progress-bar';
import { defaultPredictions, keptSince, parsePredictions } from '../archive/warm/limits';
import { isComplete, planLines, reportLines } from '../archive/warm/report';
import { warm } from '../archive/warm/warm';
import { requirePostgres } from '../config/load';
import { retentionInForce } from '../mapping/retention-policy';
import { useRunningDaemon } from '../embedded/stores';
import { configOf, type RunVerb, withOptions } from './options';
import { print, printJson } from '../terminal/print';

/** `millrace warm`: fills an empty or partial Redis from Postgres. */
export function warmCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('warm')
      .description('fill an empty or partial Redis from Postgres; what is there stays as it is')
      .option(
        '--predictions <n>',
        'the newest n predictions of each version, 0 for none, or all',
        defaultPredictions,
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
        const predictions = parsePredictions(String(flags['predictions']));
        const config = useRunningDaemon(configOf(flags));
        const limits = {
          predictions,
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
