import { Command, CommanderError } from 'commander';
import { describeError } from '../foundation/errors';
import { version } from '../foundation/package-root';
import { complain, printJson } from '../terminal/print';
import { usageError, verbOf, wantsJson, withFlags, withVerb } from '../terminal/usage';
import type { Verb } from './options';
import { verbsFor } from './verbs';

/**
 * Runs a command line to its end, and tells whatever goes wrong: it never throws.
 * @param said what follows the program's name @param stop a clean stop is asked for @returns the exit code
 */
export async function runCommandLine(said: readonly string[], stop: AbortSignal): Promise<number> {
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
  const args = withVerb(said);
  for (const add of await verbsFor(args[0])) add(program, run);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    const verb = verbOf(program, args);
    const json = wantsJson(verb, args);
    if (!(error instanceof CommanderError)) return fail(error, verb, json);
    // Help that was asked for is no error; help because a verb is missing has been printed already.
    if (error.exitCode === 0 || error.code === 'commander.help') return error.exitCode;
    return fail(usageError(error, verb, said), verb, json);
  }
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
