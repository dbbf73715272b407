import type { Command } from 'commander';
import { runDaemon } from '../daemon';
import { writeRecord } from '../daemon-record';
import type { Config } from '../config';
import { openLog } from '../log';
import { runOnce } from '../once';
import { startEmbedded } from '../stores';
import { configOf, environmentHelp, type Run, withOptions } from './options';

interface Flags {
  readonly once?: boolean;
  readonly embedded?: boolean;
}

/** `millrace run`: the daemon; with --once a single pass. */
export function runCommand(program: Command, run: Run): void {
  withOptions(
    program
      .command('run', { isDefault: true })
      .description('keep the stores in step until stopped (Ctrl+C)')
      .option('--once', 'one full pass, then exit')
      .option(
        '--embedded',
        'start a real Redis and a real PostgreSQL for what is not configured, and make a sample database',
      ),
    ['redisUrl', 'postgresUrl', 'dbPath', 'interval', 'only'],
  )
    .addHelpText('after', environmentHelp())
    .action((flags: Flags & Record<string, unknown>) =>
      run(async (signal) => {
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
                ...(config.postgres === undefined ? {} : { postgresUrl: config.postgres.connectionString }),
                dbPath: config.dbPath,
                http,
              });
              log.info('ready', { event: 'hello', text: firstSteps(config, redisUrl) });
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

const firstSteps = ({ dbPath, postgres }: Config, redisUrl: string): string =>
  [
    'See changes travel, in a second terminal:  npm run demo',
    `Or write to ${dbPath} with anything, and read ${redisUrl} with anything;`,
    ...(postgres === undefined
      ? []
      : [`write aidb:* to that Redis, and read the tables:  psql ${postgres.connectionString}`]),
    'Stop with Ctrl+C.',
    '',
  ].join('\n');
