import type { ArchiveStores, Config } from '../config/load';

/** Where the stores are, for clients of one's own. The URLs hold the passwords. */
export interface Addresses {
  readonly redisUrl: string;
  /** undefined if the archive is not run, and no Postgres is set. */
  readonly postgresUrl: string | undefined;
  readonly dbPath: string;
}

export function addressesOf({ redis, postgres, dbPath }: ArchiveStores & Pick<Config, 'dbPath'>): Addresses {
  const { host, port, db, username = '', password, tls } = redis;
  const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
  const user = username === '' && secret === '' ? '' : `${encodeURIComponent(username)}${secret}@`;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    redisUrl: `${tls ? 'rediss' : 'redis'}://${user}${address}/${db}`,
    postgresUrl: postgres?.connectionString,
    dbPath,
  };
}
