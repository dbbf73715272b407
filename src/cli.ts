#!/usr/bin/env node
import { demandNode } from './foundation/node-floor';
demandNode((sentence) => {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
});
import { Command, CommanderError } from 'commander';
import { complain, printJson } from './terminal/print';
import { usageError, verbOf, wantsJson, withFlags, withVerb } from './terminal/usage';
import type { Verb } from './commands/options';
import { verbsFor } from './commands/verbs';
import { describeError } from './foundation/errors';
import { version } from './foundation/package-root';
import { stopSignal } from './foundation/stop-signal';

async function main(): Promise<void> {
  const stop = stopSignal();
  // If the reader of our output is gone (`| head -1`), or its disk is full, the verb still does its work.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  const program = new Command('millrace')
    .description('Keeps SQLite, Redis and PostgreSQL in step in near real time')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => undefined }) // printed below, as all errors are
    .addHelpText(
      'after',
      '\nExit code: 0 all in step, 2 in step but records are parked, 3 a dry run of `reconcile` found differences, 1 failed, with what to do.',
    );
  let code = 0;
  const run = async (verb: Verb) => {
    code = await verb(stop);
  };
  const said = process.argv.slice(2);
  const args = withVerb(said);
  for (const add of await verbsFor(args[0])) add(program, run);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const verb = verbOf(program, args);
    const json = wantsJson(verb, args);
    if (!(error instanceof CommanderError)) code = fail(error, verb, json);
    // Help that was asked for is no error; help because a verb is missing has been printed already.
    else if (error.exitCode === 0 || error.code === 'commander.help') code = error.exitCode;
    else code = fail(usageError(error, verb, said), verb, json);
  }
  process.exitCode = code;
}

/** @param json whether stdout is read by a program: it then gets the error as well */
function fail(error: unknown, verb: Command, json: boolean): number {
  const { hint: general, ...described } = describeError(error);
  const hint = general === undefined ? undefined : withFlags(general, verb);
  if (json) {
    printJson({ ...described, ...(hint === undefined ? {} : { hint }) });
    return 1;
  }
  const { code, message } = described;
  // A message may have several lines: ours are a list of problems, indented already. Lines of others are indented here, so that they
  // cannot pass for ours.
  const [first = '', ...more] = `${message} (${code})`.split('\n');
  const rest = more.map((line) => (/^ /.test(line) ? line : `    ${line}`));
  complain([`Error: ${first}`, ...rest, ...(hint === undefined ? [] : [`    → ${hint}`])]);
  return 1;
}

void main();
