import type { z } from 'zod';
import {
  bytes,
  choice,
  hostNames,
  MB,
  parsedBy,
  seconds,
  secretToken,
  anyText,
  toggle,
  whole,
} from './forms';
import { parseMappings } from '../mapping/alias-tables';
import type { Catalogue } from '../mapping/kinds';
import { parseRetention } from '../mapping/retention-policy';
import { parseStrategies } from '../mapping/strategies';
import { defaultHttpPort, meantBy, type PipelineName, pipelineWords } from './names';
import { parsePostgresUrl } from '../connections/postgres/postgres-url';
import { defaultMaxRecordBytes } from '../connections/redis';
import { defaultRedisPort, parseRedisUrl } from '../connections/redis-url';

type Form = z.ZodType<unknown, string>;

/** What a value of the form is once it has been read. */
export type Parsed<S> = S extends z.ZodType
  ? z.output<S>
  : S extends (catalogue: Catalogue) => infer F
    ? Parsed<F>
    : never;

/** One row of the option table: where a setting comes from, what it may be, what it is when nobody says. */
export interface Option {
  readonly env: string;
  /** commander's notation; absent where only the environment may set it (secrets, rarely changed things). */
  readonly flag?: string;
  readonly schema: Form | ((catalogue: Catalogue) => Form);
  readonly fallback?: string;
  readonly help: string;
  /** What docs/settings.md says beside it, as Markdown. */
  readonly more?: string;
  /** Holds a password: never printed. */
  readonly secret?: true;
}

const redisUrl = parsedBy(parseRedisUrl);
const postgresUrl = parsedBy(parsePostgresUrl);
const mappings = parsedBy(parseMappings);
const strategies = (catalogue: Catalogue) => parsedBy((value) => parseStrategies(value, catalogue));
const retention = (catalogue: Catalogue) => parsedBy((value) => parseRetention(value, catalogue));

/** Between full passes, when neither the pipeline's own setting nor the common one says anything. */
export const defaultSeconds: Readonly<Record<PipelineName, number>> = { aliases: 120, archive: 300 };

/** The one table of settings. docs/settings.md and `--help` are made from it; a flag beats the environment, which beats .env. */
export const options = {
  redisUrl: {
    env: 'REDIS_URL',
    flag: '--redis-url <url>',
    schema: redisUrl,
    help: 'Redis as redis://[:password@]host[:port][/db] (rediss:// for TLS)',
    secret: true,
  },
  redisHost: {
    env: 'REDIS_HOST',
    schema: anyText,
    fallback: 'localhost',
    help: 'Redis host, when REDIS_URL is not set',
  },
  redisPort: {
    env: 'REDIS_PORT',
    schema: whole(1, 65535),
    fallback: `${defaultRedisPort}`,
    help: 'Redis port',
  },
  redisDb: {
    env: 'REDIS_DB',
    schema: whole(0, 65535),
    fallback: '0',
    help: 'Redis database number',
    more: 'also as `/3` or `?db=3` in `REDIS_URL`, both only if they agree',
  },
  redisPassword: {
    env: 'REDIS_PASSWORD',
    schema: anyText,
    fallback: '',
    help: 'Redis password (empty: none)',
    more: 'also for a `REDIS_URL` without one',
    secret: true,
  },
  redisCaFile: {
    env: 'REDIS_CA_FILE',
    schema: anyText,
    help: 'PEM file of the authority that signed the certificate of Redis (default: the public ones)',
  },
  redisCertFile: {
    env: 'REDIS_CERT_FILE',
    schema: anyText,
    help: 'PEM file of our certificate, for a Redis that asks',
  },
  redisKeyFile: { env: 'REDIS_KEY_FILE', schema: anyText, help: 'PEM file of its key' },
  postgresUrl: {
    env: 'POSTGRES_URL',
    flag: '--postgres-url <url>',
    schema: postgresUrl,
    help: 'Postgres as postgresql://user:password@host:port/database',
    more: '`postgresql+psycopg2://` is understood',
    secret: true,
  },
  only: {
    env: 'MILLRACE_ONLY',
    flag: '--only <pipeline>',
    schema: choice(pipelineWords, '; cache is what aliases are called now').transform((word) =>
      meantBy(word),
    ),
    help: 'one pipeline alone: cache (SQLite → Redis; aliases is its old name) or archive (default: both)',
  },
  dbPath: {
    env: 'DB_PATH',
    flag: '--db <path>',
    schema: anyText,
    fallback: 'sports_data.db',
    help: 'SQLite file with the tables that Redis is to serve',
  },
  config: {
    env: 'MILLRACE_CONFIG',
    flag: '--config <file>',
    schema: anyText,
    help: 'file of mappings: which keys hold what (default: millrace.yaml in this folder, if it is there)',
    more: '[its words](11-mappings.md); empty: none',
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
    help: `seconds between full passes (default ${defaultSeconds.aliases} for the cache, ${defaultSeconds.archive} for the archive)`,
  },
  aliasInterval: {
    env: 'ALIAS_SYNC_INTERVAL',
    schema: seconds,
    help: 'the same, for the cache only (SQLite → Redis)',
  },
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
  retentionDays: {
    env: 'RETENTION_DAYS',
    flag: '--days <days>',
    schema: retention,
    help: 'days after which predictions and metrics leave Redis, once they are in Postgres: 90, or prediction=90,metric=365 (default: they stay)',
  },
  httpHost: {
    env: 'HTTP_HOST',
    schema: anyText,
    fallback: '127.0.0.1',
    help: 'address of the dashboard, /healthz, /readyz, /metrics',
  },
  httpPort: {
    env: 'HTTP_PORT',
    schema: whole(0, 65535),
    help: `its port (default ${defaultHttpPort}, or a free one when that is taken; 0: any free one)`,
  },
  httpAllowedHosts: {
    env: 'HTTP_ALLOWED_HOSTS',
    schema: hostNames,
    fallback: '',
    help: 'names, comma between them, by which the dashboard may be opened besides localhost, addresses and HTTP_HOST',
  },
  token: {
    env: 'MILLRACE_TOKEN',
    schema: secretToken,
    help: 'who has it may pause, resume, reconcile and retry in the dashboard, and look from elsewhere; 16 characters or more',
    more: '`openssl rand -hex 24` makes a good one',
    secret: true,
  },
  maxRecordSize: {
    env: 'MAX_RECORD_SIZE',
    schema: bytes.refine((size) => size >= MB && size <= 256 * MB, 'must be from 1MB to 256MB'),
    fallback: `${defaultMaxRecordBytes / MB}MB`,
    help: 'a record, or a value, that is larger is not fetched from Redis but parked; memory may need 300MB and four times this',
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
  logFile: { env: 'LOG_FILE', schema: anyText, fallback: '', help: 'also write the log to this file' },
  logMaxSize: {
    env: 'LOG_MAX_SIZE',
    schema: bytes,
    fallback: '20MB',
    help: 'LOG_FILE is set aside at this size, and a new one begun (0: never, something else rotates it)',
  },
  logFiles: {
    env: 'LOG_FILES',
    schema: whole(1, 1000),
    fallback: '5',
    help: 'how many files set aside are kept beside LOG_FILE',
  },
  dataDir: {
    env: 'MILLRACE_DIR',
    schema: anyText,
    fallback: '.millrace',
    help: 'where embedded servers keep their data',
  },
} as const satisfies Record<string, Option>;
