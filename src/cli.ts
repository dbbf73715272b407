#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { complain } from './commands/print';
import { verbsFor } from './commands/verbs';
import { describeError } from './errors';
import { version } from './package-root';
import { stopSignal } from './stop-signal';

/** What a verb gets: a signal for a clean stop; it returns the exit code. */
export type Verb = (signal: AbortSignal) => Promise<number>;

async function main(): Promise<void> {
  const stop = stopSignal();
  // Whoever read our output is gone (`| head -1`), or its disk is full: what is to be done is done all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  const program = new Command('millrace')
    .description('Keeps SQLite, Redis and PostgreSQL in step in near real time')
    .version(version)
    .showHelpAfterError('(run with --help for what there is)')
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit code: 0 all in step, 2 in step but records are parked, 1 failed, with what to do.',
    );
  let code = 0;
  const run = async (verb: Verb) => {
    code = await verb(stop);
  };
  for (const add of await verbsFor(process.argv[2])) add(program, run);
  try {
    await program.parseAsync();
  } catch (error) {
    // commander has printed what was wrong already
    code = error instanceof CommanderError ? error.exitCode && 1 : fail(error);
  }
  process.exitCode = code;
}

function fail(error: unknown): number {
  const { code, message, hint } = describeError(error);
  // A list of problems has several lines. Whatever else ends a line in a message begins none of ours: they are indented.
  const [first = '', ...more] = `${message} (${code})`.split('\n');
  const rest = more.map((line) => (/^ /.test(line) ? line : `    ${line}`));
  complain([`Error: ${first}`, ...rest, ...(hint === undefined ? [] : [`    → ${hint}`])]);
  return 1;
}

void main();
