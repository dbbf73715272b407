import { z } from 'zod';
import { type StoreFacts, storeFacts } from '../aliases/inspect/store-facts';
import { type ArchiveStoreFacts, archiveStoreFacts } from '../archive/inspect/store-facts';
import { type AliasStores, type Config, requirePostgres } from '../config/load';
import type { DaemonStatus } from '../control/daemon-status';
import { defaultHttpPort } from '../config/names';

/** A configuration that may know where a daemon listens: see useRunningDaemon. */
export type Reachable = Config & { readonly daemonUrl?: string };

/** Where the daemon of this configuration is expected to listen. */
export function daemonUrl({
  daemonUrl,
  http: { host, port },
}: Pick<Reachable, 'daemonUrl' | 'http'>): string {
  return daemonUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port ?? defaultHttpPort}`;
}

const answer = z.looseObject({
  aliases: z.looseObject({ database: z.string(), redis: z.string() }).nullable(),
  archive: z.looseObject({ postgres: z.string(), redis: z.string() }).nullable(),
});

/** The daemon's status, if one answers at the configured address and serves the same stores; else why not. */
export async function askDaemon(config: Reachable): Promise<DaemonStatus | { readonly silent: string }> {
  const base = daemonUrl(config);
  const { token } = config.http;
  let status: unknown;
  try {
    const response = await fetch(`${base}/status`, {
      signal: AbortSignal.timeout(2_000),
      // Needed if HTTP_HOST is an address of the network.
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    status = await response.json();
  } catch {
    return { silent: `no daemon answers at ${base}` };
  }
  const parsed = answer.safeParse(status);
  if (!parsed.success) return { silent: `what answers at ${base} is no Millrace daemon` };
  const { aliases, archive } = parsed.data;
  const redis = config.redis.display;
  const same =
    (aliases === null || (aliases.database === config.dbPath && aliases.redis === redis)) &&
    (archive === null || (archive.postgres === config.postgres?.display && archive.redis === redis));
  if (!same) return { silent: `the daemon at ${base} serves other stores` };
  if (!('health' in parsed.data)) return { silent: `the daemon at ${base} is of an earlier version` };
  return status as DaemonStatus;
}

export interface Stores {
  readonly aliases: StoreFacts | null;
  readonly archive: ArchiveStoreFacts | null;
}

/** What the stores tell, without a daemon. @throws the error of a store that cannot be asked */
export async function askStores(
  config: AliasStores & Pick<Config, 'pipelines' | 'postgres'>,
): Promise<Stores> {
  const { pipelines } = config;
  const postgres = pipelines.includes('archive') ? requirePostgres(config) : undefined;
  return {
    aliases: pipelines.includes('aliases') ? await storeFacts(config) : null,
    archive: postgres === undefined ? null : await archiveStoreFacts(config, postgres),
  };
}
