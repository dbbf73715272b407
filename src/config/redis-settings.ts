import { type RedisTarget, redisTarget, type RedisUrl } from '../connections/redis-url';

/** The settings about Redis, defaults included. */
export interface RedisSettings {
  readonly url: RedisUrl | undefined;
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly password: string;
}

type Name = 'redisUrl' | 'redisHost' | 'redisPort' | 'redisDb' | 'redisPassword';

interface Origin {
  /** The setting's name where its value came from. */
  readonly source: string;
  /** Whether it was set, and is not the default. */
  readonly isSet: boolean;
  /** Whether it was set by a flag or an option of the library, which beats the environment. */
  readonly explicit: boolean;
}

/**
 * Makes one address of the URL and the settings beside it. If they contradict each other that is an error: whichever won, the other may
 * have been meant, and the aliases' full pass deletes keys.
 * @returns the address, and the problems, without secrets
 */
export function redisOf(
  { url, host, port, db, password }: RedisSettings,
  originOf: (name: Name) => Origin,
): { readonly target: RedisTarget; readonly problems: readonly string[] } {
  if (url === undefined) return { target: redisTarget({ host, port, db, password }), problems: [] };
  const { namesDb, ...target } = url;
  const { source, explicit } = originOf('redisUrl');
  const problems: string[] = [];
  const contradicts = (name: Name, value: string | number, inUrl: string | number | undefined) =>
    originOf(name).isSet && inUrl !== undefined && value !== inUrl && (!explicit || originOf(name).explicit);
  if (contradicts('redisHost', host.toLowerCase(), target.host.toLowerCase()))
    problems.push(`${originOf('redisHost').source}="${host}" contradicts ${source}: keep one of them`);
  if (contradicts('redisPort', port, target.port))
    problems.push(`${originOf('redisPort').source}="${port}" contradicts ${source}: keep one of them`);
  if (contradicts('redisDb', db, namesDb ? target.db : undefined))
    problems.push(
      `${originOf('redisDb').source}="${db}" contradicts ${source}, which names database ${target.db}: keep one of them`,
    );
  // A URL without a database may mean 0: that a flag beats the environment says nothing of which of the two is meant.
  if (db !== 0 && !namesDb)
    problems.push(
      `${originOf('redisDb').source}="${db}" stands beside ${source}, which names no database: write /${db} (or /0) at its end`,
    );
  if (contradicts('redisPassword', password, target.password))
    problems.push(
      `${originOf('redisPassword').source} contradicts the password in ${source}: keep one of them`,
    );
  return { target: { ...(originOf('redisPassword').isSet ? { password } : {}), ...target }, problems };
}

interface OtherName {
  /** The setting that makes the other name meaningless. */
  readonly unless: 'redisUrl' | 'postgresUrl';
  readonly instead: string;
}

const other = (unless: OtherName['unless'], instead: string, ...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { unless, instead }]));

/** Names of other programs for such settings. If we ignored them, we would use another database, or no encryption. */
const otherNames: Readonly<Record<string, OtherName>> = {
  ...other('redisUrl', 'write REDIS_URL', 'REDIS_URI', 'REDIS_DSN', 'REDIS_CONNECTION_STRING'),
  ...other('redisUrl', 'write REDIS_DB', 'REDIS_DATABASE', 'REDIS_DB_INDEX', 'REDIS_DB_NUMBER', 'REDIS_DBNO'),
  ...other('redisUrl', 'put user and password into REDIS_URL', 'REDIS_USER', 'REDIS_USERNAME'),
  ...other('redisUrl', 'write REDIS_PASSWORD', 'REDIS_PASS', 'REDIS_PASSWD', 'REDIS_AUTH'),
  ...other(
    'redisUrl',
    'write REDIS_URL=rediss://…',
    'REDIS_SSL',
    'REDIS_TLS',
    'REDIS_USE_SSL',
    'REDIS_USE_TLS',
  ),
  ...other(
    'postgresUrl',
    'write POSTGRES_URL',
    'POSTGRES_URI',
    'POSTGRES_DSN',
    'POSTGRESQL_URL',
    'POSTGRESQL_URI',
  ),
};

/** Values that leave everything as it would be without them. */
const meaningless = /^\s*(0|false|no|off|default)?\s*$/i;

/** The problems of settings under a name that Millrace does not read. @param isSet whether a setting is */
export function misnamed(
  environment: Readonly<Record<string, string | undefined>>,
  isSet: (setting: OtherName['unless']) => boolean,
): readonly string[] {
  return Object.entries(otherNames).flatMap(([name, { unless, instead }]) =>
    isSet(unless) || meaningless.test(environment[name] ?? '')
      ? []
      : [`${name} is set, which Millrace does not read: ${instead}`],
  );
}
