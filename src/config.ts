import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { z } from 'zod';
import { type AliasCase, type AliasMapping, defaultMappings, parseMappings } from './aliases/mapping';
import { parseStrategies, type Strategies } from './archive/strategies';
import { fatal } from './errors';
import { parsePostgresUrl, type PostgresTarget } from './postgres-url';
import { type PipelineName, pipelineNames } from './pipeline/pipeline';
import { parseRedisUrl, redisTarget, type RedisTarget } from './redis-url';

/** One row of the option table: where a setting comes from, what it may be, what it is when nobody says. */
export interface Option {
  readonly env: string;
  /** commander's notation; absent where only the environment may set it (secrets, rarely changed things). */
  readonly flag?: string;
  readonly schema: z.ZodType<unknown, string>;
  readonly fallback?: string;
  readonly help: string;
}

const text = z.string();
const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z
    .string()
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(values, { error: `must be one of ${values.join(', ')}` }));
const whole = (low: number, high: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, `must be a whole number from ${low} to ${high}`)
    .transform(Number)
    .refine((value) => value >= low && value <= high, `must be a whole number from ${low} to ${high}`);
/** setTimeout holds 2^31 ms: a longer interval would fire at once. */
const seconds = z
  .string()
  .regex(/^\d{1,7}(\.\d+)?$/, 'must be a number of seconds, for example 120')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 2_000_000, 'must be from 1 to 2000000 seconds');
const toggle = choice(['on', 'off', 'true', 'false', '1', '0', 'yes', 'no']).transform((value) =>
  ['on', 'true', '1', 'yes'].includes(value),
);
/** A setting with a parser of its own, which returns a string to say what is wrong. */
const parsedBy = <T extends object>(parse: (value: string) => T | string) =>
  z.string().transform((value, context) => {
    const parsed = parse(value);
    if (typeof parsed !== 'string') return parsed;
    context.addIssue({ code: 'custom', message: parsed });
    return z.NEVER;
  });
const redisUrl = parsedBy(parseRedisUrl);
const postgresUrl = parsedBy(parsePostgresUrl);
const mappings = parsedBy(parseMappings);
const strategies = parsedBy(parseStrategies);

/** The one table of settings. README and `--help` are written from it; a flag beats the environment, which beats .env. */
export const options = {
  redisUrl: {
    env: 'REDIS_URL',
    flag: '--redis-url <url>',
    schema: redisUrl,
    help: 'Redis as redis://[:password@]host[:port][/db] (rediss:// for TLS)',
  },
  redisHost: {
    env: 'REDIS_HOST',
    schema: text,
    fallback: 'localhost',
    help: 'Redis host, when REDIS_URL is not set',
  },
  redisPort: { env: 'REDIS_PORT', schema: whole(1, 65535), fallback: '6379', help: 'Redis port' },
  redisDb: { env: 'REDIS_DB', schema: whole(0, 65535), fallback: '0', help: 'Redis database number' },
  redisPassword: { env: 'REDIS_PASSWORD', schema: text, fallback: '', help: 'Redis password (empty: none)' },
  postgresUrl: {
    env: 'POSTGRES_URL',
    flag: '--postgres-url <url>',
    schema: postgresUrl,
    help: 'Postgres as postgresql://user:password@host:port/database',
  },
  only: {
    env: 'MILLRACE_ONLY',
    flag: '--only <pipeline>',
    schema: choice(pipelineNames),
    help: 'one pipeline alone: aliases or archive (default: both)',
  },
  dbPath: {
    env: 'DB_PATH',
    flag: '--db <path>',
    schema: text,
    fallback: 'sports_data.db',
    help: 'SQLite file with the alias tables',
  },
  aliasTables: {
    env: 'ALIAS_TABLES',
    schema: mappings,
    help: 'tables to serve, as type=table(id_column,alias_column);… (default: team, player, league and market aliases)',
  },
  aliasCase: {
    env: 'ALIAS_CASE',
    schema: choice(['preserve', 'lower']),
    fallback: 'preserve',
    help: 'keys as written, or folded by SQLite’s LOWER (ASCII letters only)',
  },
  capture: {
    env: 'CAPTURE',
    schema: toggle,
    fallback: 'on',
    help: 'install triggers in the SQLite file (off: the interval pass alone)',
  },
  interval: {
    env: 'SYNC_INTERVAL',
    flag: '--interval <seconds>',
    schema: seconds,
    help: 'seconds between full passes (default 120 for aliases, 300 for the archive)',
  },
  aliasInterval: { env: 'ALIAS_SYNC_INTERVAL', schema: seconds, help: 'the same, for aliases only' },
  archiveInterval: { env: 'ARCHIVE_SYNC_INTERVAL', schema: seconds, help: 'the same, for the archive only' },
  mirror: {
    env: 'MIRROR',
    schema: toggle,
    fallback: 'on',
    help: 'follow plain Redis writes by keyspace notifications (off: the interval pass alone finds them)',
  },
  onConflict: {
    env: 'ON_CONFLICT',
    schema: strategies,
    fallback: 'skip',
    help: 'a name that Postgres has already: skip, overwrite or merge; per kind: skip,model=overwrite',
  },
  onDelete: {
    env: 'ON_DELETE',
    schema: choice(['keep', 'delete']),
    fallback: 'keep',
    help: 'what a deletion in Redis does in Postgres: keep the row, or delete it',
  },
  httpHost: {
    env: 'HTTP_HOST',
    schema: text,
    fallback: '127.0.0.1',
    help: 'address of /healthz, /readyz, /metrics',
  },
  httpPort: {
    env: 'HTTP_PORT',
    schema: whole(0, 65535),
    help: 'its port (default 8611, or a free one when that is taken; 0: any free one)',
  },
  logLevel: {
    env: 'LOG_LEVEL',
    schema: choice(['debug', 'info', 'warn', 'warning', 'error', 'critical']),
    fallback: 'info',
    help: 'debug, info, warn or error',
  },
  logFormat: {
    env: 'LOG_FORMAT',
    schema: choice(['text', 'json']),
    fallback: 'text',
    help: 'text for people, json for one object a line',
  },
  logFile: { env: 'LOG_FILE', schema: text, fallback: '', help: 'also write the log to this file' },
  dataDir: {
    env: 'MILLRACE_DIR',
    schema: text,
    fallback: '.millrace',
    help: 'where embedded servers keep their data',
  },
} as const satisfies Record<string, Option>;

type OptionName = keyof typeof options;

export interface Config {
  /** undefined: nothing names a Redis; the default localhost:6379 or an embedded one is used. */
  readonly redisConfigured: boolean;
  readonly redis: RedisTarget;
  /** What this process runs or looks at. */
  readonly pipelines: readonly PipelineName[];
  /** undefined: nothing names a Postgres. */
  readonly postgres: PostgresTarget | undefined;
  readonly dbConfigured: boolean;
  readonly dbPath: string;
  readonly aliasTables: readonly AliasMapping[];
  readonly aliasCase: AliasCase;
  readonly capture: boolean;
  readonly aliasIntervalSeconds: number;
  readonly archiveIntervalSeconds: number;
  readonly mirror: boolean;
  readonly onConflict: Strategies;
  readonly onDelete: 'keep' | 'delete';
  readonly http: { readonly host: string; readonly port: number | undefined };
  readonly log: LogConfig;
  readonly dataDir: string;
}

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'text' | 'json';
  readonly file: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process environment on top of `.env` in the working directory, if there is one. */
export function readEnvironment(directory = process.cwd()): Environment {
  const file = resolve(directory, '.env');
  return existsSync(file) ? { ...parseDotenv(readFileSync(file)), ...process.env } : process.env;
}

/**
 * Checks everything at once. `flags` are commander's values by option name (camel case of the flag, see flagName).
 * @throws MillraceError E_CONFIG (fatal) that lists every problem, each with the setting's name.
 */
export function loadConfig(environment: Environment, flags: Readonly<Record<string, unknown>> = {}): Config {
  const problems: string[] = [];
  const given = (name: OptionName): string | undefined => {
    const option: Option = options[name];
    const flag = option.flag === undefined ? undefined : flags[flagName(option.flag)];
    const value = typeof flag === 'string' ? flag : environment[option.env];
    return value === undefined || value.trim() === '' ? undefined : value;
  };
  const read = <N extends OptionName>(name: N): z.output<(typeof options)[N]['schema']> | undefined => {
    const option: Option = options[name];
    const value = given(name) ?? option.fallback;
    if (value === undefined) return undefined;
    const result = option.schema.safeParse(value);
    if (result.success) return result.data as z.output<(typeof options)[N]['schema']>;
    const source =
      option.flag !== undefined && typeof flags[flagName(option.flag)] === 'string'
        ? option.flag.split(' ')[0]
        : option.env;
    // A URL or a password must not be echoed; everything else helps more when it is.
    const secret = name === 'redisUrl' || name === 'redisPassword' || name === 'postgresUrl';
    const shown = secret ? '' : `="${value}"`;
    problems.push(`${source}${shown} ${result.error.issues.map((issue) => issue.message).join('; ')}`);
    return undefined;
  };

  const url = read('redisUrl');
  const host = read('redisHost') ?? 'localhost';
  const port = read('redisPort') ?? 6379;
  const db = read('redisDb') ?? 0;
  const password = read('redisPassword');
  // Python's names are accepted too: the services replaced here used them.
  const level = read('logLevel') ?? 'info';
  const only = read('only');
  const interval = read('interval');
  const byFlag = flags['interval'] !== undefined;
  const config: Config = {
    redisConfigured:
      given('redisUrl') !== undefined || given('redisHost') !== undefined || given('redisPort') !== undefined,
    redis: url === undefined ? redisTarget({ host, port, db, password }) : redisTarget({ password, ...url }),
    pipelines: only === undefined ? pipelineNames : [only],
    postgres: read('postgresUrl'),
    dbConfigured: given('dbPath') !== undefined,
    dbPath: resolve(read('dbPath') ?? 'sports_data.db'),
    aliasTables: read('aliasTables') ?? defaultMappings,
    aliasCase: read('aliasCase') ?? 'preserve',
    capture: read('capture') ?? true,
    aliasIntervalSeconds: (byFlag ? undefined : read('aliasInterval')) ?? interval ?? 120,
    archiveIntervalSeconds: (byFlag ? undefined : read('archiveInterval')) ?? interval ?? 300,
    mirror: read('mirror') ?? true,
    onConflict: read('onConflict') ?? { default: 'skip' },
    onDelete: read('onDelete') ?? 'keep',
    http: { host: read('httpHost') ?? '127.0.0.1', port: read('httpPort') },
    log: {
      level: level === 'warning' ? 'warn' : level === 'critical' ? 'error' : level,
      format: read('logFormat') ?? 'text',
      file: read('logFile') ?? '',
    },
    dataDir: resolve(read('dataDir') ?? '.millrace'),
  };
  if (problems.length > 0) {
    throw fatal(
      `the configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n  - ${problems.join('\n  - ')}`,
      {
        code: 'E_CONFIG',
        hint: 'Settings come from flags, the environment and .env in this folder, in that order; `millrace run --help` lists them.',
      },
    );
  }
  return config;
}

/** `--redis-url <url>` -> `redisUrl`, as commander names it. */
export const flagName = (flag: string): string =>
  (flag.split(' ')[0] ?? '').slice(2).replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());

/** @throws E_POSTGRES_URL (fatal), the document's error, with the three ways out */
export function requirePostgres({ postgres }: Config): PostgresTarget {
  if (postgres !== undefined) return postgres;
  throw fatal('POSTGRES_URL not set', {
    code: 'E_POSTGRES_URL',
    hint: 'Set it (POSTGRES_URL="postgresql://user:password@localhost:5432/ai_models"), or run the aliases alone (`--only aliases`, MILLRACE_ONLY=aliases), or let Millrace start a Postgres of its own (`--embedded`).',
  });
}
