import { type Command, InvalidArgumentError } from 'commander';
import { withStores } from '../config/left-out';
import { useRunningDaemon } from '../embedded/stores';
import { askDaemon, askStores } from '../doctor/ask';
import { describeDaemon } from '../terminal/describe-status';
import { describeStores } from '../terminal/describe-stores';
import { configOf, type RunVerb, withOptions } from './options';
import { watchStatus } from '../terminal/watch-status';
import { print, printJson } from '../terminal/print';

interface Flags extends Record<string, unknown> {
  readonly json?: boolean;
  readonly watch?: number | true;
}

const examples = `
Examples:
  millrace status                       how far both pipelines are, in words
  millrace status --watch               a live view, drawn anew each second; q leaves it
  millrace status --watch 5 >> log.txt  not a terminal: a block of lines each 5 seconds
  millrace status --watch --json        a line of JSON each second, for jq and the like
  millrace status --json | jq .daemon.archive.lagSeconds

Exit code: 0 in step, 2 in step but records are parked, 1 not in step, or failed.`;

/** `millrace status`: the daemon's own word where one answers, else what the stores say. */
export function statusCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('status')
      .description('how far the pipelines are; asks the running daemon, or else the stores')
      .option('--watch [seconds]', 'live, drawn anew each second or so many', parseSeconds)
      .option('--json', 'print it as JSON'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only', 'config'],
  )
    .addHelpText('after', examples)
    .action(({ watch, json = false, ...flags }: Flags) =>
      run(async (signal) => {
        if (watch !== undefined) {
          // The configuration is read each time: a daemon with embedded servers comes back at other addresses.
          const ask = () => askDaemon(useRunningDaemon(configOf(flags)));
          return watchStatus({ ask, everyMs: watch === true ? 1_000 : watch * 1_000, json, signal });
        }
        const config = withStores(useRunningDaemon(configOf(flags)));
        const daemon = await askDaemon(config);
        const stores = 'silent' in daemon ? await askStores(config) : undefined;
        const { leftOut } = 'silent' in daemon ? config : daemon;
        if (json) printJson({ daemon: 'silent' in daemon ? null : daemon, stores: stores ?? null, leftOut });
        else if ('silent' in daemon && stores !== undefined)
          print(describeStores(config, stores, daemon.silent));
        else if (!('silent' in daemon)) print(describeDaemon(daemon, Date.now()));
        const archive = 'silent' in daemon ? stores?.archive : daemon.archive;
        const inStep =
          'silent' in daemon
            ? [stores?.aliases, stores?.archive].every((one) => one?.inStep !== false)
            : daemon.ready;
        return !inStep ? 1 : (archive?.deadLetters ?? 0) > 0 ? 2 : 0;
      }),
    );
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds >= 0.2 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError('from 0.2 to 86400 seconds.');
}
