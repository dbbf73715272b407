import { resolve } from 'node:path';
import type { AliasCase, AliasMapping } from '../mapping/alias-tables';
import type { DocumentMapping } from '../mapping/documents';
import { aiRegistry } from '../mapping/ai-registry';
import type { Catalogue } from '../mapping/kinds';
import type { RetentionPolicy } from '../mapping/retention-policy';
import type { Strategies } from '../mapping/strategies';
import type { Environment } from './environment';
import { fatal } from '../foundation/errors';
import { harmless } from '../foundation/harmless';
import type { PostgresTarget } from '../connections/postgres/postgres-url';
import { daemonGrants } from '../connections/redis-grants';
import { givenMappings, loadMappings, mappedPipelines, type MappingsFile, nothingMapped } from './mappings';
import type { PipelineName } from './names';
import { redisCertificates } from './redis-certificates';
import { misnamed, redisOf } from './redis-settings';
import type { RedisTarget } from '../connections/redis-url';
import { readSecretFiles } from './secret-files';
import { defaultSeconds, type Option, options, type Parsed } from './options';
import type { CertificateFiles } from '../connections/tls';
import type { LogConfig } from '../log/log';

export type OptionName = keyof typeof options;

/** What a setting is once it has been read; undefined only where nothing is its default. */
type Value<N extends OptionName> =
  | Parsed<(typeof options)[N]['schema']>
  | ((typeof options)[N] extends { readonly fallback: string } ? never : undefined);

/** A pipeline that is not run, for one of its stores is not named. */
export interface LeftOut {
  readonly pipeline: PipelineName;
  /** What goes on, what does not, and which setting would change it. */
  readonly message: string;
  readonly hint: string;
}

export interface Config {
  /** undefined: nothing names a Redis; the default localhost:6379 or an embedded one is used. */
  readonly redisConfigured: boolean;
  readonly redis: RedisTarget;
  /** What this process runs or looks at. */
  readonly pipelines: readonly PipelineName[];
  /** What nobody asked for by name, and has not got its stores: see withStores. */
  readonly leftOut: readonly LeftOut[];
  /** undefined: nothing names a Postgres. */
  readonly postgres: PostgresTarget | undefined;
  readonly dbConfigured: boolean;
  readonly dbPath: string;
  readonly aliasTables: readonly AliasMapping[];
  /** The documents that the file of mappings has, or includes. */
  readonly documents: readonly DocumentMapping[];
  /** Where the mappings are from; undefined: those that are built in apply. */
  readonly mappingsFile: MappingsFile | undefined;
  /** The kinds of record of the archive. */
  readonly catalogue: Catalogue;
  readonly aliasCase: AliasCase;
  readonly capture: boolean;
  readonly aliasIntervalSeconds: number;
  readonly archiveIntervalSeconds: number;
  readonly mirror: boolean;
  readonly onConflict: Strategies;
  readonly onDelete: 'keep' | 'delete';
  /** undefined: nothing leaves Redis. */
  readonly retention: RetentionPolicy | undefined;
  readonly http: HttpConfig;
  readonly log: LogConfig;
  readonly dataDir: string;
}

/** The SQLite file: which of its tables and documents are served, and how aliases are spelled as keys. */
export type AliasFile = Pick<Config, 'dbPath' | 'aliasTables' | 'documents' | 'aliasCase'>;

/** Both ends of the pipeline `aliases`. */
export type AliasStores = AliasFile & Pick<Config, 'redis' | 'mappingsFile'>;

/** Both ends of the pipeline `archive`, of which one may not be named. */
export type ArchiveStores = Pick<Config, 'redis' | 'postgres'>;

/** The records of the archive: in which Redis, of which kinds, and what becomes of a name that Postgres has already. */
export type ArchiveRecords = Pick<Config, 'redis' | 'catalogue' | 'onConflict'>;

export interface HttpConfig {
  readonly host: string;
  readonly port: number | undefined;
  readonly allowedHosts: readonly string[];
  /** undefined: nothing can be changed over HTTP. */
  readonly token: string | undefined;
}

/** How those who gave the settings know them. */
export interface Naming {
  /** What a setting is called where it came from; undefined: the flag, or the environment. */
  readonly nameOf: (name: OptionName) => string | undefined;
  /** What was found wrong before. */
  readonly problems: readonly string[];
  readonly hint: string;
  /** The text of mappings that are given instead of a file. */
  readonly mappings?: string | undefined;
}

const byFlagOrEnvironment: Naming = {
  nameOf: () => undefined,
  problems: [],
  hint: 'Settings come from flags, the environment and .env in this folder, in that order; `millrace run --help` lists them.',
};

/** When nothing is wrong but the file of mappings. */
const fileHint =
  'Mend the file: `millrace config check` says whether it is in order; its words are explained in docs/11-mappings.md.';

/**
 * Checks everything at once. `flags` are commander's values by option name (camel case of the flag, see flagName).
 * @param catalogue whose kinds the settings may name; that of everybody who brings none of their own. A file of mappings may leave it out
 * @throws MillraceError E_CONFIG (fatal) that lists every problem, each with the setting's name.
 */
export function loadConfig(
  environment: Environment,
  flags: Readonly<Record<string, unknown>> = {},
  naming = byFlagOrEnvironment,
  catalogue: Catalogue = aiRegistry,
): Config {
  const { environment: settings, problems: secretProblems } = readSecretFiles(environment);
  const problems = [...naming.problems, ...secretProblems];
  const refused = new Set<OptionName>();
  const given = (name: OptionName): string | undefined => {
    const option: Option = options[name];
    const flag = option.flag === undefined ? undefined : flags[flagName(option.flag)];
    const value = typeof flag === 'string' ? flag : settings[option.env];
    return value === undefined || value.trim() === '' ? undefined : value;
  };
  const isFlag = (name: OptionName): boolean => {
    const { flag }: Option = options[name];
    return flag !== undefined && typeof flags[flagName(flag)] === 'string';
  };
  const sourceOf = (name: OptionName): string => {
    const { env, flag }: Option = options[name];
    return naming.nameOf(name) ?? (isFlag(name) ? flag?.split(' ')[0] : undefined) ?? env;
  };
  let kinds = catalogue;
  const read = <N extends OptionName>(name: N): Value<N> => {
    const option: Option = options[name];
    const schema = typeof option.schema === 'function' ? option.schema(kinds) : option.schema;
    const byDefault = () =>
      (option.fallback === undefined ? undefined : schema.parse(option.fallback)) as Value<N>;
    const value = given(name);
    if (value === undefined) return byDefault();
    const result = schema.safeParse(value);
    if (result.success) return result.data as Value<N>;
    refused.add(name);
    const source = sourceOf(name);
    // A URL or a password must not be echoed; everything else helps more when it is.
    const shown = option.secret === true ? '' : `="${harmless(value)}"`;
    problems.push(`${source}${shown} ${result.error.issues.map((issue) => issue.message).join('; ')}`);
    return byDefault();
  };

  const path = read('config');
  const beside = { aliasTables: read('aliasTables'), catalogue };
  const {
    mappings,
    file,
    problems: mappingProblems,
  } = naming.mappings === undefined
    ? loadMappings(path, `${sourceOf('config')}="${harmless(path ?? '')}"`, beside)
    : givenMappings(naming.mappings, beside);
  kinds = mappings.catalogue;
  problems.push(...mappingProblems);
  const url = read('redisUrl');
  const isSet = (name: OptionName): boolean => given(name) !== undefined;
  const host = read('redisHost');
  const port = read('redisPort');
  const db = read('redisDb');
  const password = read('redisPassword');
  const redis = redisOf({ url, host, port, db, password }, (name) => ({
    source: sourceOf(name),
    isSet: isSet(name) && !refused.has(name),
    explicit: isFlag(name) || naming.nameOf(name) !== undefined,
  }));
  problems.push(...redis.problems, ...misnamed(settings, isSet));
  const files = {
    ...named('ca', read('redisCaFile')),
    ...named('cert', read('redisCertFile')),
    ...named('key', read('redisKeyFile')),
  };
  const own = redisCertificates(url, files);
  if (typeof own === 'string') problems.push(own);
  const certificates = typeof own === 'string' ? undefined : own;
  // Python's names are accepted too: the services replaced here used them.
  const level = read('logLevel');
  const only = read('only');
  const pipelines = only === undefined ? mappedPipelines(mappings) : [only];
  const unmapped =
    mappingProblems.length === 0 && !pipelines.some((name) => mappedPipelines(mappings).includes(name));
  if (unmapped) problems.push(nothingMapped(path ?? '', only));
  const ofTheFile = mappingProblems.length + (unmapped && only === undefined ? 1 : 0);
  const interval = read('interval');
  const byFlag = flags['interval'] !== undefined;
  const config: Config = {
    redisConfigured:
      (['redisUrl', 'redisHost', 'redisPort', 'redisPassword'] as const).some(isSet) || db !== 0,
    redis: {
      ...redis.target,
      ...(certificates === undefined ? {} : { certificates }),
      maxRecordBytes: read('maxRecordSize'),
      grants: daemonGrants(kinds, mappings.documents),
    },
    pipelines,
    leftOut: [],
    postgres: read('postgresUrl'),
    dbConfigured: given('dbPath') !== undefined,
    dbPath: resolve(read('dbPath')),
    ...mappings,
    mappingsFile: file,
    aliasCase: read('aliasCase'),
    capture: read('capture'),
    aliasIntervalSeconds: (byFlag ? undefined : read('aliasInterval')) ?? interval ?? defaultSeconds.aliases,
    archiveIntervalSeconds:
      (byFlag ? undefined : read('archiveInterval')) ?? interval ?? defaultSeconds.archive,
    mirror: read('mirror'),
    onConflict: read('onConflict'),
    onDelete: read('onDelete'),
    retention: read('retentionDays'),
    http: {
      host: read('httpHost'),
      port: read('httpPort'),
      allowedHosts: read('httpAllowedHosts'),
      token: read('token'),
    },
    log: {
      level: level === 'warning' ? 'warn' : level === 'critical' ? 'error' : level,
      format: read('logFormat'),
      file: read('logFile'),
      maxBytes: read('logMaxSize'),
      files: read('logFiles'),
    },
    dataDir: resolve(read('dataDir')),
  };
  if (problems.length > 0) {
    throw fatal(
      `the configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n  - ${problems.join('\n  - ')}`,
      {
        code: 'E_CONFIG',
        hint: file !== undefined && problems.length === ofTheFile ? fileHint : naming.hint,
      },
    );
  }
  return config;
}

const named = (name: keyof CertificateFiles, path: string | undefined): CertificateFiles =>
  path === undefined ? {} : { [name]: path };

/** `--redis-url <url>` -> `redisUrl`, as commander names it. */
export const flagName = (flag: string): string =>
  (flag.split(' ')[0] ?? '').slice(2).replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());

/** @throws E_POSTGRES_URL (fatal), the document's error */
export function requirePostgres({ postgres }: Pick<Config, 'postgres'>): PostgresTarget {
  if (postgres !== undefined) return postgres;
  throw fatal('POSTGRES_URL not set', {
    code: 'E_POSTGRES_URL',
    hint: 'Set POSTGRES_URL, as in POSTGRES_URL="postgresql://user:password@localhost:5432/ai_models", or let Millrace start a Postgres of its own: `millrace run --embedded`.',
  });
}
