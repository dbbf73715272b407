import type { Command } from 'commander';
import { collectEarly } from '../archive/position/garbage';
import type { Config } from '../config/load';
import { writeRecord } from '../control/daemon-record';
import { told } from '../demo/travel';
import { describeError } from '../foundation/errors';
import { harmless } from '../foundation/harmless';
import { addressesOf } from '../library/addresses';
import { withStores } from '../config/left-out';
import { type Log, openLog } from '../log/log';
import { configOf, environmentHelp, type RunVerb, withOptions } from './options';

interface Flags {
  readonly once?: boolean;
  readonly embedded?: boolean;
}

const examples = `
Examples:
  millrace run                        both pipelines, or the one that has its stores, until Ctrl+C
  millrace run --only cache           one of them
  millrace run --once                 one full pass, as cron may start it
  millrace run --interval 60          a full pass each minute
  millrace run --embedded             with a Redis and a Postgres of its own for what is not configured
`;

/** `millrace run`: the daemon; with --once a single pass. */
export function runCommand(program: Command, run: RunVerb): void {
  withOptions(
    program
      .command('run')
      .description('keep the stores in step until stopped (Ctrl+C)')
      .option('--once', 'one full pass, then exit')
      .option(
        '--embedded',
        'start a real Redis and a real PostgreSQL for what is not configured, and make a sample database',
      ),
    ['redisUrl', 'postgresUrl', 'dbPath', 'interval', 'only', 'config'],
  )
    .addHelpText('after', examples + environmentHelp())
    .action((flags: Flags & Record<string, unknown>) =>
      run(async (signal) => {
        const configured = configOf(flags);
        const log = openLog(configured.log);
        const stores =
          flags.embedded === true
            ? await (await import('../embedded/stores.js')).startEmbedded(configured, log)
            : { config: configured, started: [], ours: false, stop: () => Promise.resolve() };
        let forget: (() => void) | undefined;
        const ended = new AbortController();
        let showing: Promise<void> | undefined;
        try {
          const config = withStores(stores.config);
          for (const what of stores.started) log.info(`started for you: ${what}`, { event: 'embedded' });
          collectEarly();
          // Neither loads what the other needs: half of the time of a start is spent on modules.
          if (flags.once === true) return await (await import('../control/run-once.js')).runOnce(config, log);
          const { runReloading } = await import('../daemon/reloading.js');
          await runReloading({
            ...{ config, log, signal },
            reread: () => configOf(flags),
            onRunning: (http) => {
              forget?.();
              if (http === undefined || (stores.started.length === 0 && flags.embedded !== true)) return;
              const { redisUrl, postgresUrl, dbPath } = addressesOf(config);
              forget = writeRecord(config.dataDir, {
                pid: process.pid,
                redisUrl,
                ...(postgresUrl === undefined ? {} : { postgresUrl }),
                dbPath,
                http,
                ours: stores.ours,
              });
              showing ??= greet({ config, http, show: stores.ours }, log, ended.signal);
            },
          });
          return 0;
        } finally {
          ended.abort();
          forget?.();
          await showing;
          await stores.stop();
          await log.close();
        }
      }),
    );
}

interface Greeting {
  readonly config: Stores;
  readonly http: string;
  /** Whether to show how changes travel, for which the stores are written to. */
  readonly show: boolean;
}

/** Tells what can be done with a daemon whose servers we have started. Never fails: the daemon goes on, whatever cannot be shown. */
async function greet({ config, http, show }: Greeting, log: Log, signal: AbortSignal): Promise<void> {
  const { postgresUrl, ...others } = addressesOf(config);
  try {
    if (show && postgresUrl !== undefined) {
      const { firstSteps } = await import('../demo/first-steps.js');
      const changes = await firstSteps({ ...others, postgresUrl }, http, signal);
      const text = ['A change down each pipeline (taken back again):\n', ...changes.map(told)].join('\n');
      log.info('changes travel', { event: 'first-steps', ms: changes.map(({ ms }) => ms), text });
    }
  } catch (error) {
    if (signal.aborted) return;
    log.warn(`No change could be shown travelling: ${describeError(error).message}`, {
      event: 'first-steps',
    });
  }
  log.info('ready', { event: 'hello', text: whatNext(config, http) });
}

type Stores = Pick<Config, 'dbPath' | 'redis' | 'postgres'>;

/** Tells where everything is. Addresses have no passwords, for what is printed is kept in logs and scroll-back. */
const whatNext = ({ dbPath, redis, postgres }: Stores, http: string): string =>
  [
    `Watch it in a browser:  ${http}`,
    'See changes travel, in a second terminal:  npm run demo',
    `Or write to ${harmless(dbPath)} with anything, and read Redis (${redis.display}):  npx millrace redis-cli`,
    ...(postgres === undefined
      ? []
      : [`write aidb:* to that Redis, and read the tables (${postgres.display}):  npx millrace psql`]),
    'Stop with Ctrl+C.',
    '',
  ].join('\n');
