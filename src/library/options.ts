import type { z } from 'zod';
import type { AliasMapping } from '../mapping/alias-tables';
import type { Strategies } from '../mapping/strategies';
import { definitionText, type MappingsDefinition } from '../mapping/file/definition';
import { type Config, loadConfig, type OptionName } from '../config/load';
import type { Environment } from '../config/environment';
import type { PipelineWord } from '../config/names';
import { fatal } from '../foundation/errors';
import { withStores } from '../config/left-out';
import type { LogEntry } from './log';
import { type Option, options as settings } from '../config/options';

/** The type of a setting as an option: numbers, booleans and words as they are, everything else in the setting's notation. */
type Value<Output> = Output extends string | number | boolean ? Output : string;

/** The settings under their names in the table of docs/05-library.md. Nothing else is read: no environment, no `.env`. */
type Settings = {
  readonly [N in OptionName]?: Value<z.output<(typeof settings)[N]['schema']>> | undefined;
};

export interface MillraceOptions extends Omit<Settings, 'aliasTables' | 'onConflict' | 'only'> {
  /** One pipeline alone. `aliases` is the old name of `cache`. */
  readonly only?: PipelineWord | undefined;
  /** The tables to serve: as a list, or `type=table(id_column,alias_column);…`. */
  readonly aliasTables?: readonly AliasMapping[] | string | undefined;
  /** What to do with a name that Postgres has already: `skip`, `overwrite` or `merge`; or by kind, with a default. */
  readonly onConflict?: Strategies | string | undefined;
  /** Which keys hold what, as a file of mappings would say it (docs/11-mappings.md): see defineMappings. Instead of `config`. */
  readonly mappings?: MappingsDefinition | undefined;
  /** From start to stop, run a real Redis and a real PostgreSQL for what is not configured, and make a sample database. */
  readonly embedded?: boolean | undefined;
  /** Serve health and metrics over HTTP. Default: only if `httpHost` or `httpPort` is given. */
  readonly http?: boolean | undefined;
  /** Where the log goes: the console, or a function. Default: nowhere (but `logFile`, if that is given). */
  readonly log?: 'console' | ((entry: LogEntry) => void) | undefined;
}

export interface Settled {
  readonly config: Config;
  readonly embedded: boolean;
  readonly http: boolean;
  readonly log: MillraceOptions['log'];
}

/** Options that only the library has. */
const own = {
  mappings: ['object'],
  embedded: ['boolean'],
  http: ['boolean'],
  log: ['function', 'string'],
} as const;

const forms = {
  mappings: 'an object, as defineMappings takes it',
  embedded: 'true or false',
  http: 'true or false',
  log: '"console" or a function',
} as const;

/** By option: the settings of the environment that are ignored if it is given, because they would win otherwise. */
const silences: Readonly<Partial<Record<OptionName, readonly OptionName[]>>> = {
  redisHost: ['redisUrl'],
  redisPort: ['redisUrl'],
  interval: ['aliasInterval', 'archiveInterval'],
};

/**
 * Checks all options at once, on top of the environment given.
 * @throws E_CONFIG (fatal) that lists every problem by the name of the option; E_POSTGRES_URL, E_NO_STORES (fatal)
 */
export function settleOptions(options: MillraceOptions, environment: Environment): Settled {
  const problems: string[] = [];
  const texts = new Map<OptionName, string>();
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined) continue;
    if (isSetting(name)) {
      const text = asText(name, value);
      if (typeof text === 'string') texts.set(name, text);
      else problems.push(`${name} ${text.problem}`);
    } else if (!isOwn(name)) problems.push(`${name} is no option`);
    else if (
      !own[name].some((type) => type === typeof value) ||
      (name === 'log' && typeof value === 'string' && value !== 'console')
    )
      problems.push(`${name} must be ${forms[name]}`);
  }
  const merged: Record<string, string | undefined> = { ...environment };
  for (const name of texts.keys())
    for (const other of silences[name] ?? []) merged[settings[other].env] = undefined;
  for (const [name, text] of texts) merged[settings[name].env] = text;
  const config = loadConfig(
    merged,
    {},
    {
      nameOf: (name) => (texts.has(name) ? name : undefined),
      problems,
      hint: 'The options are listed in docs/05-library.md.',
      mappings: options.mappings === undefined ? undefined : definitionText(options.mappings),
    },
  );
  const { embedded = false, http = texts.has('httpHost') || texts.has('httpPort'), log } = options;
  if (embedded) return { config, embedded, http, log };
  const served = withStores(config);
  if (served.pipelines.includes('archive') && config.postgres === undefined) {
    throw fatal('postgresUrl is not set', {
      code: 'E_POSTGRES_URL',
      hint: 'Set it, or let Millrace start a Postgres of its own (embedded: true).',
    });
  }
  return { config: served, embedded, http, log };
}

/** The configuration with another interval for both pipelines. @throws E_CONFIG (fatal) */
export function withInterval(config: Config, intervalSeconds: number): Config {
  const { aliasIntervalSeconds, archiveIntervalSeconds } = loadConfig(
    { SYNC_INTERVAL: String(intervalSeconds) },
    {},
    {
      nameOf: () => 'intervalSeconds',
      problems: [],
      hint: 'It is the time between two full passes; changes travel at once.',
    },
  );
  return { ...config, aliasIntervalSeconds, archiveIntervalSeconds };
}

const isSetting = (name: string): name is OptionName => Object.hasOwn(settings, name);
const isOwn = (name: string): name is keyof typeof own => Object.hasOwn(own, name);

type Text = string | { readonly problem: string };

/** A value as text, in the notation of its setting in the environment. */
function asText(name: OptionName, value: unknown): Text {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (name === 'aliasTables' && Array.isArray(value))
    return mappingsText(value as readonly Partial<AliasMapping>[]);
  if (name === 'onConflict' && typeof value === 'object' && value !== null) return strategiesText(value);
  const { help }: Option = settings[name];
  return { problem: `must be a string, a number or a boolean: ${help}` };
}

function mappingsText(mappings: readonly Partial<AliasMapping>[]): Text {
  const parts: string[] = [];
  for (const { type, table, idColumn, aliasColumn } of mappings) {
    const names = [type, table, idColumn, aliasColumn];
    if (!names.every((name) => typeof name === 'string' && /^[^=(),;]+$/.test(name)))
      return {
        problem: 'needs type, table, idColumn and aliasColumn for each table, without any of = ( ) , ;',
      };
    parts.push(`${type}=${table}(${idColumn},${aliasColumn})`);
  }
  return parts.length === 0 ? { problem: 'names no table' } : parts.join(';');
}

const strategiesText = (strategies: object): string =>
  Object.entries(strategies)
    .map(([kind, strategy]) => (kind === 'default' ? String(strategy) : `${kind}=${String(strategy)}`))
    .join(',');
