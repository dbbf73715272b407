import type { Command } from 'commander';
import * as aliases from '../aliases/pause';
import * as archive from '../archive/pause';
import { type Config, requirePostgres } from '../config';
import { whoAmI } from '../pipeline/pause';
import type { PipelineName } from '../pipeline/pipeline';
import { PostgresConnection } from '../postgres';
import { RedisConnection } from '../redis';
import { useRunningDaemon } from '../stores';
import { configOf, type Run, withOptions } from './options';

const examples = `
Examples:
  millrace pause --only archive      before work on Postgres: changes wait in the stream
  millrace resume                    both pipelines go on where they stopped
Both hold for every daemon of these stores, over restarts too, and take effect within a second.`;

/** `millrace pause` and `millrace resume`: through the stores, so that no daemon has to be reachable, or running. */
export function pauseCommand(program: Command, run: Run): void {
  const verb = (name: 'pause' | 'resume', description: string) =>
    withOptions(program.command(name).description(description), ['redisUrl', 'postgresUrl', 'only'])
      .addHelpText('after', examples)
      .action((flags: Record<string, unknown>) =>
        run(async () => {
          const config = useRunningDaemon(configOf(flags));
          if (config.pipelines.includes('archive')) requirePostgres(config);
          for (const pipeline of config.pipelines) {
            await switches[pipeline](config, name === 'pause');
            console.log(
              `${pipeline}: ${name === 'pause' ? 'paused; nothing is lost, changes wait' : 'goes on'}`,
            );
          }
          return 0;
        }),
      );
  verb('pause', 'stop applying changes, in every daemon, until `resume`; capturing them goes on');
  verb('resume', 'let a paused pipeline go on where it stopped');
}

const switches: Readonly<Record<PipelineName, (config: Config, pause: boolean) => Promise<void>>> = {
  aliases: async ({ redis }, pause) => {
    const connection = new RedisConnection(redis, 'pause');
    try {
      await (pause ? aliases.pause(connection, whoAmI()) : aliases.resume(connection));
    } finally {
      connection.close();
    }
  },
  archive: async (config, pause) => {
    const connection = new PostgresConnection(requirePostgres(config), 'pause');
    try {
      await (pause ? archive.pause(connection, whoAmI()) : archive.resume(connection));
    } finally {
      connection.close();
    }
  },
};
