import { type Command, Argument } from 'commander';
import { describeGaps } from '../aliases/source/capture';
import { installCapture, uninstallCapture } from '../aliases/source/install-capture';
import { AliasSource } from '../aliases/source/source';
import { tableStatuses } from '../aliases/status';
import { useRunningDaemon } from '../embedded/stores';
import { configOf, type RunVerb, withOptions } from './options';
import { complain, print, printJson } from '../terminal/print';
import { sourceOptions } from '../aliases/source/source-options';

const examples = `
Examples:
  millrace capture status                     are the triggers in place, and for which tables
  millrace capture install --db sports.db     install what is missing; the daemon does so at its start
  millrace capture uninstall                  leave no trace in the file; stop the daemon first`;

/** `millrace capture install|status|uninstall`: the triggers and the changelog in the SQLite file. */
export function captureCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('capture')
      .description('install, inspect or remove the triggers and the changelog in the SQLite file')
      .addArgument(new Argument('<action>', 'what to do').choices(['install', 'status', 'uninstall']))
      .option('--json', 'print the result as JSON'),
    ['dbPath', 'config'],
  )
    .addHelpText('after', examples)
    .action((action: 'install' | 'status' | 'uninstall', flags: Record<string, unknown>) =>
      run(() => {
        const config = useRunningDaemon(configOf(flags));
        const options = sourceOptions(config);
        const json = flags['json'] === true;
        // A missing file or a wrong one is found here, before anything is written.
        let source = AliasSource.open(options);
        if (action === 'uninstall') {
          source.close();
          const removed = uninstallCapture(config.dbPath);
          if (json) printJson({ removed });
          else
            print(
              removed.length === 0
                ? 'Nothing of ours was there.'
                : ['Removed:', ...removed.map((name) => `  ${name}`)],
            );
          if (config.daemonUrl !== undefined) {
            complain(
              'A daemon is running here: it will install the capture again. Stop it, or set CAPTURE=off.',
            );
          }
          return Promise.resolve(0);
        }
        if (action === 'install') {
          source.close();
          const { steps } = installCapture(config.dbPath, config.aliasTables, config.aliasCase, {
            documents: config.documents,
            tidy: true,
          });
          if (!json)
            print(steps.length === 0 ? 'The capture is complete already.' : `Installed in ${config.dbPath}.`);
          source = AliasSource.open(options);
        }
        const report = {
          database: config.dbPath,
          journalMode: source.journalMode,
          complete: source.changelog !== undefined,
          gaps: source.captureGaps,
          tables: tableStatuses(source),
          head: source.changelog?.head() ?? null,
        };
        source.close();
        if (json) printJson(report);
        else {
          for (const table of report.tables) {
            print(`  ${table.type.padEnd(10)} ${table.table.padEnd(20)} ${table.message ?? 'captured'}`);
            if (table.hint !== undefined) print(`    → ${table.hint}`);
          }
          print(
            report.complete
              ? `Complete; last change: ${report.head?.seq ?? 0}`
              : `Incomplete: ${describeGaps(report.gaps)}`,
          );
        }
        return Promise.resolve(
          report.complete && report.tables.some((table) => table.state === 'served') ? 0 : 1,
        );
      }),
    );
}
