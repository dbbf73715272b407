import type { Command } from 'commander';
import { runDaemon } from '../daemon';
import { writeRecord } from '../daemon-record';
import { fatal } from '../errors';
import { openLog } from '../log';
import { runOnce } from '../once';
import { startEmbedded } from '../stores';
import { configOf, environmentHelp, type Run, withOptions } from './options';

interface Flags {
  readonly once?: boolean;
  readonly embedded?: boolean;
  readonly only?: string;
}

/** `millrace run`: the daemon; with --once a single pass. */
export function runCommand(program: Command, run: Run): void {
  withOptions(
    program
      .command('run', { isDefault: true })
      .description('keep the stores in step until stopped (Ctrl+C)')
      .option('--once', 'one full pass, then exit')
      .option('--only <pipeline>', 'run this pipeline only: aliases')
      .option(
        '--embedded',
        'start a real Redis for this run when none is configured, and make a sample database',
      ),
    ['redisUrl', 'dbPath', 'interval'],
  )
    .addHelpText('after', environmentHelp())
    .action((flags: Flags & Record<string, unknown>) =>
      run(async (signal) => {
        checkPipeline(flags.only);
        const configured = configOf(flags);
        const log = openLog(configured.log);
        const stores =
          flags.embedded === true
            ? await startEmbedded(configured, log)
            : { config: configured, started: [], stop: () => Promise.resolve() };
        const { config } = stores;
        let forget: (() => void) | undefined;
        try {
          for (const what of stores.started) log.info(`started for you: ${what}`, { event: 'embedded' });
          if (flags.once === true) return await runOnce(config, log);
          await runDaemon({
            config,
            log,
            signal,
            onListening: (http) => {
              if (stores.started.length === 0 && flags.embedded !== true) return;
              const redisUrl = `redis://${config.redis.host}:${config.redis.port}/${config.redis.db}`;
              forget = writeRecord(config.dataDir, {
                pid: process.pid,
                redisUrl,
                dbPath: config.dbPath,
                http,
              });
              log.info('ready', { event: 'hello', text: firstSteps(config.dbPath, redisUrl) });
            },
          });
          return 0;
        } finally {
          forget?.();
          await stores.stop();
          await log.close();
        }
      }),
    );
}

function checkPipeline(only: string | undefined): void {
  if (only === undefined || only === 'aliases') return;
  throw fatal(`--only ${only}: there is no such pipeline in this version`, {
    code: 'E_CONFIG',
    hint: 'Use --only aliases, or leave the flag out.',
  });
}

const firstSteps = (dbPath: string, redisUrl: string): string =>
  [
    'See a change travel, in a second terminal:  npm run demo',
    `Or write to ${dbPath} with anything, and read ${redisUrl} with anything.`,
    'Stop with Ctrl+C.',
    '',
  ].join('\n');
