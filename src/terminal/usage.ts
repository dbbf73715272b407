import type { Command, CommanderError } from 'commander';
import { fatal, type MillraceError } from '../foundation/errors';
import { nearest } from './nearest';
import { type Option, options } from '../config/options';

/** What the program itself answers; anything else that begins with a dash is for `run`. */
const ownFlags = ['-h', '--help', '-V', '--version'];

/** `millrace --once` is `millrace run --once`. @param args what follows the program's name. Pure. */
export const withVerb = (args: readonly string[]): readonly string[] => {
  const [first = '-'] = args;
  return first.startsWith('-') && !ownFlags.includes(first) ? ['run', ...args] : args;
};

/** The verb, or the verb of a verb, that the words name. */
export function verbOf(program: Command, args: readonly string[]): Command {
  const [word, ...rest] = args;
  const verb = program.commands.find((one) => one.name() === word);
  return verb === undefined ? program : verbOf(verb, rest);
}

/** Whether whoever asks reads JSON: then errors are told in it too. */
export const wantsJson = (verb: Command, args: readonly string[]): boolean =>
  args.includes('--json') && mayTellJson(verb);

const mayTellJson = (verb: Command): boolean =>
  verb.options.some(({ long }) => long === '--json') || verb.commands.some(mayTellJson);

/** Words that people try, which are like no verb's name. */
const meant: Readonly<Record<string, string>> = {
  sync: '`millrace reconcile`, or `millrace run --once`',
  start: '`millrace run`',
  health: '`millrace status`, or `millrace doctor`',
};

/**
 * What commander has against a command line, as an error like all others. @param said the command line without the verb that was
 * put before it
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

/** What was probably meant, where commander has no suggestion of its own. */
function likelyMeant(code: string, verb: Command): string | undefined {
  const [word = ''] = verb.args;
  if (code === 'commander.unknownCommand') return Object.hasOwn(meant, word) ? meant[word] : undefined;
  const choices = verb.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  return code === 'commander.invalidArgument' ? nearest(word, choices) : undefined;
}

const pathOf = (verb: Command): string =>
  verb.parent === null ? verb.name() : `${pathOf(verb.parent)} ${verb.name()}`;

/**
 * A hint names settings as the environment does, for it may be read in a log, and other commands whole. Where the verb takes a flag for
 * such a setting, that is told as well.
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
