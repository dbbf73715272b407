import { type Command, Option as CommandOption } from 'commander';
import { type Config, loadConfig } from '../config/load';
import { readEnvironment } from '../config/environment';
import { withStores } from '../config/left-out';
import { type Option, options } from '../config/options';
import { aiRegistry } from '../mapping/ai-registry';
import type { Reachable } from '../doctor/ask';
import { useRunningDaemon } from '../embedded/stores';
import { complain } from '../terminal/print';

/** What a verb gets: a signal for a clean stop; it returns the exit code. */
export type Verb = (signal: AbortSignal) => Promise<number>;

/** Hands a verb to the CLI, which runs it and keeps its exit code. */
export type RunVerb = (verb: Verb) => Promise<void>;

/** Adds the flags of the option table that a verb honours. */
export function withOptions(command: Command, names: readonly (keyof typeof options)[]): Command {
  for (const name of names) {
    const option: Option = options[name];
    if (option.flag !== undefined) {
      command.addOption(new CommandOption(option.flag, `${option.help} [${option.env}]`));
    }
  }
  return command;
}

/** The kinds of record that the verbs know. */
export const catalogue = aiRegistry;

/** Flags on top of the environment on top of .env. @throws E_CONFIG with every problem. */
export const configOf = (flags: Readonly<Record<string, unknown>>): Config =>
  loadConfig(readEnvironment(), flags, undefined, catalogue);

/** For a verb that is about both pipelines: with those that have their stores. @throws E_CONFIG, E_NO_STORES */
export function configWithStores(
  flags: Readonly<Record<string, unknown>>,
  known: Partial<Pick<Config, 'dbConfigured'>> = {},
): Reachable {
  const config = withStores({ ...useRunningDaemon(configOf(flags)), ...known });
  complain(config.leftOut.flatMap(({ message, hint }) => [`Note: ${message}`, `    → ${hint}`]));
  return config;
}

/** The settings that have no flag, for --help. */
export function environmentHelp(): string {
  const rows = Object.values<Option>(options).map(
    ({ env, fallback, help }) => `  ${env.padEnd(20)} ${help}${fallback ? ` (default ${fallback})` : ''}`,
  );
  return `\nSettings, from the environment or .env in this folder (flags win):\n${rows.join('\n')}\nA setting with a password may be given as NAME_FILE: a file that holds the value.`;
}
