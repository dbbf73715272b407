import type { Command, CommanderError } from 'commander';
import { fatal, type MillraceError } from '../foundation/errors';
import { nearest } from '../foundation/nearest';
import { type Option, options } from '../config/options';

/** The flags of the program itself; all others, without a verb before them, are flags of `run`. */
const ownFlags = ['-h', '--help', '-V', '--version'];

/** Adds the verb that may be left out: `millrace --once` is `millrace run --once`. @param args the words after the program's name. Pure. */
export const withVerb = (args: readonly string[]): readonly string[] => {
  const [first = '-'] = args;
  return first.startsWith('-') && !ownFlags.includes(first) ? ['run', ...args] : args;
};

/** The verb that the words name, or the verb of a verb. */
export function verbOf(program: Command, args: readonly string[]): Command {
  const [word, ...rest] = args;
  const verb = program.commands.find((one) => one.name() === word);
  return verb === undefined ? program : verbOf(verb, rest);
}

/** Whether JSON was asked for: then errors are printed as JSON, too. */
export const wantsJson = (verb: Command, args: readonly string[]): boolean =>
  args.includes('--json') && mayTellJson(verb);

const mayTellJson = (verb: Command): boolean =>
  verb.options.some(({ long }) => long === '--json') || verb.commands.some(mayTellJson);

/** Words that people try and that resemble no verb's name. */
const meant: Readonly<Record<string, string>> = {
  sync: '`millrace reconcile`, or `millrace run --once`',
  start: '`millrace run`',
  health: '`millrace status`, or `millrace doctor`',
};

/**
 * Makes an error like all others of commander's complaint about a command line. @param said the command line as it was typed, without the
 * verb that `withVerb` has put before it
 */
export function usageError(error: CommanderError, verb: Command, said: readonly string[]): MillraceError {
  const [message = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const likely = likelyMeant(error.code, verb);
  const similar = likely === undefined ? more.join(' ').replace(/^\(|\)$/g, '') : `Did you mean ${likely}?`;
  const path = pathOf(verb);
  // `millrace --limit 5 reconcile`: `run` was put before the flags of another verb.
  const first = verb.name() === 'run' && said[0] !== 'run' ? ' The verb comes first.' : '';
  return fatal(message, {
    code: 'E_USAGE',
    cause: error,
    hint: `${similar === '' ? '' : `${similar} `}\`${path} --help\` says what there is.${first}`,
  });
}

/** What was probably meant, if commander has no suggestion of its own. */
function likelyMeant(code: string, verb: Command): string | undefined {
  const [word = ''] = verb.args;
  if (code === 'commander.unknownCommand') return Object.hasOwn(meant, word) ? meant[word] : undefined;
  const choices = verb.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  return code === 'commander.invalidArgument' ? nearest(word, choices) : undefined;
}

const pathOf = (verb: Command): string =>
  verb.parent === null ? verb.name() : `${pathOf(verb.parent)} ${verb.name()}`;

/**
 * Adds flags to a hint. A hint names settings by their variables, for it may be read in a log; if the verb has a flag for such a setting,
 * that is named, too.
 */
export function withFlags(hint: string, verb: Command): string {
  return Object.values<Option>(options).reduce((text, { env, flag }) => {
    const long = flag?.split(' ')[0];
    if (!verb.options.some((option) => option.long === long)) return text;
    return text.replace(
      new RegExp(`\\b${env}\\b(?![=_])( \\(or )?`),
      (_all, others?: string) => `${env} (or ${long ?? ''}${others === undefined ? ')' : ', or '}`,
    );
  }, hint);
}
