import type { Command } from 'commander';
import { requirePostgres } from '../config/load';
import { whoAmI } from '../pipeline/pause';
import { setPause } from '../control/set-pause';
import { configWithStores, type RunVerb, withOptions } from './options';
import { print } from '../terminal/print';

const examples = {
  pause: `
Examples:
  millrace pause --only archive      before work on Postgres: changes wait in the stream
  millrace pause                     both pipelines

It holds for every daemon of these stores, over restarts too, and takes effect within a second.`,
  resume: `
Examples:
  millrace resume                    what is paused goes on where it stopped, within a second
  millrace resume --only archive`,
} as const;

/** `millrace pause`: through the stores, so that no daemon has to be reachable, or running. */
export function pauseCommand(program: Command, run: RunVerb): void {
  addVerb(
    program,
    run,
    'pause',
    'stop applying changes, in every daemon, until `resume`; capturing them goes on',
  );
}

/** `millrace resume` */
export function resumeCommand(program: Command, run: RunVerb): void {
  addVerb(program, run, 'resume', 'let a paused pipeline go on where it stopped');
}

function addVerb(program: Command, run: RunVerb, name: 'pause' | 'resume', description: string): void {
  withOptions(program.command(name).description(description), ['redisUrl', 'postgresUrl', 'only'])
    .addHelpText('after', examples[name])
    .action((flags: Record<string, unknown>) =>
      run(async () => {
        // The aliases' pause is in Redis: their file may be on another machine.
        const config = configWithStores(flags, { dbConfigured: true });
        if (config.pipelines.includes('archive')) requirePostgres(config);
        for (const pipeline of config.pipelines) {
          await setPause(config, pipeline, name === 'pause' ? whoAmI() : undefined);
          print(`${pipeline}: ${name === 'pause' ? 'paused; nothing is lost, changes wait' : 'goes on'}`);
        }
        return 0;
      }),
    );
}
