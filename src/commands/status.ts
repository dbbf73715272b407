import type { Command } from 'commander';
import { z } from 'zod';
import { type StoreFacts, storeFacts } from '../aliases/store-facts';
import type { AliasStatus } from '../aliases/status';
import type { ArchiveStatus } from '../archive/status';
import { type ArchiveStoreFacts, archiveStoreFacts } from '../archive/store-facts';
import { type Config, requirePostgres } from '../config';
import type { DaemonStatus } from '../daemon';
import { timestamp } from '../log';
import { defaultHttpPort } from '../status/http';
import { useRunningDaemon } from '../stores';
import { configOf, type Run, withOptions } from './options';

/** `millrace status`: the daemon's own word where one answers, else what the stores say. */
export function statusCommand(program: Command, run: Run): void {
  withOptions(
    program
      .command('status')
      .description('how far the pipelines are; asks the running daemon, or else the stores')
      .option('--json', 'print it as JSON'),
    ['redisUrl', 'postgresUrl', 'dbPath', 'only'],
  ).action((flags: Record<string, unknown>) =>
    run(async () => {
      const config = useRunningDaemon(configOf(flags));
      const daemon = await askDaemon(config);
      const stores = daemon === undefined ? await askStores(config) : undefined;
      if (flags['json'] === true)
        console.log(JSON.stringify({ daemon: daemon ?? null, stores: stores ?? null }));
      else
        for (const line of daemon === undefined ? describeStores(config, stores) : describeDaemon(daemon))
          console.log(line);
      const letters = daemon?.archive?.deadLetters ?? stores?.archive?.deadLetters ?? 0;
      const inStep =
        daemon?.ready === true ||
        (stores !== undefined && [stores.aliases, stores.archive].every((one) => one?.inStep !== false));
      return !inStep ? 1 : letters > 0 ? 2 : 0;
    }),
  );
}

const answer = z.looseObject({
  aliases: z.looseObject({ database: z.string(), redis: z.string() }).nullable(),
  archive: z.looseObject({ postgres: z.string(), redis: z.string() }).nullable(),
});

/** The daemon's status, if one answers at the configured address and serves the same stores. */
async function askDaemon(
  config: Config & { readonly daemonUrl?: string },
): Promise<DaemonStatus | undefined> {
  const { host, port, token } = config.http;
  const base =
    config.daemonUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port ?? defaultHttpPort}`;
  try {
    const response = await fetch(`${base}/status`, {
      signal: AbortSignal.timeout(2_000),
      // Asked for where HTTP_HOST is an address of the network.
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    const status: unknown = await response.json();
    const { aliases, archive } = answer.parse(status);
    const redis = config.redis.display;
    const same =
      (aliases === null || (aliases.database === config.dbPath && aliases.redis === redis)) &&
      (archive === null || (archive.postgres === config.postgres?.display && archive.redis === redis));
    return same ? (status as DaemonStatus) : undefined;
  } catch {
    return undefined;
  }
}

interface Stores {
  readonly aliases: StoreFacts | null;
  readonly archive: ArchiveStoreFacts | null;
}

async function askStores(config: Config): Promise<Stores> {
  const { pipelines } = config;
  const postgres = pipelines.includes('archive') ? requirePostgres(config) : undefined;
  return {
    aliases: pipelines.includes('aliases') ? await storeFacts(config) : null,
    archive: postgres === undefined ? null : await archiveStoreFacts(config, postgres),
  };
}

function describeDaemon({
  pid,
  startedAt,
  ready,
  troubles,
  aliases,
  archive,
}: DaemonStatus): readonly string[] {
  return [
    `Daemon:      pid ${pid}, since ${timestamp(new Date(startedAt))}, ${ready ? 'in order' : 'NOT in order'}`,
    ...troubles.map((trouble) => `  ! ${trouble}`),
    ...(aliases === null ? [] : describeAliases(aliases)),
    ...(archive === null ? [] : describeArchive(archive)),
  ];
}

function describeAliases(aliases: AliasStatus): readonly string[] {
  const { lastPass, checkpoint, lagRecords } = aliases;
  return [
    'Aliases',
    `  Database:    ${aliases.database} (${aliases.journalMode ?? 'closed'})`,
    `  Redis:       ${aliases.redis}`,
    `  Mode:        ${aliases.mode === 'tail' ? 'changes travel at once' : `full passes only: ${aliases.cannotWrite ?? aliases.captureGaps.join(', ')}`}`,
    `  Lag:         ${lagRecords === null ? 'unknown' : `${lagRecords} changes`}`,
    `  Checkpoint:  ${checkpoint === null ? 'none' : `change ${checkpoint.seq ?? '-'}, ${timestamp(new Date(checkpoint.at))}`}`,
    lastPass === null
      ? '  Last pass:   none yet'
      : `  Last pass:   ${timestamp(new Date(lastPass.startedAt))}, ${lastPass.ms} ms: ${lastPass.total} aliases, +${lastPass.added} ~${lastPass.updated} -${lastPass.deleted}`,
    ...aliases.tables.flatMap((table) =>
      table.message === undefined ? [] : [`  ! ${table.message}`, `    → ${table.hint ?? ''}`],
    ),
    ...incidents(aliases),
  ];
}

function describeArchive(archive: ArchiveStatus): readonly string[] {
  const { lastPass, mirror, memory, position } = archive;
  const written = Object.entries(lastPass?.statistics ?? {}).flatMap(([name, count]) =>
    count > 0 ? [`${name} ${count}`] : [],
  );
  const full = soon(memory?.fullInSeconds ?? null);
  return [
    'Archive',
    `  Redis:       ${archive.redis}`,
    `  Postgres:    ${archive.postgres}`,
    `  Role:        ${archive.role}${archive.role === 'standby' ? `: ${archive.owner ?? ''} owns the stream` : ''}`,
    `  Mirror:      ${mirror.state}${mirror.message === undefined ? '' : `: ${mirror.message}`}`,
    ...(mirror.hint === undefined ? [] : [`    → ${mirror.hint}`]),
    `  Lag:         ${archive.lagRecords === null ? 'unknown' : `${archive.lagRecords} entries`}, ${archive.lagSeconds.toFixed(1)} s`,
    `  Position:    ${position === null ? 'none' : position.entryId}`,
    ...(memory === null
      ? []
      : [
          `  Stream:      ${memory.streamLength} entries; Redis uses ${megabytes(memory.usedBytes)}${memory.limitBytes === null ? '' : ` of ${megabytes(memory.limitBytes)}`}${full === null ? '' : `, full in ${Math.round(full / 60)} min at this rate`}`,
        ]),
    `  Parked:      ${archive.deadLetters} records${archive.deadLetters > 0 ? ' (millrace dead-letters list)' : ''}`,
    lastPass === null
      ? '  Last pass:   none yet'
      : `  Last pass:   ${timestamp(new Date(lastPass.startedAt))}, ${lastPass.ms} ms, ${lastPass.keys} keys; written: ${written.join(', ') || 'nothing'}`,
    ...incidents(archive),
  ];
}

/** What is further away than a week is not worth a word. */
const soon = (seconds: number | null): number | null =>
  seconds !== null && seconds < 7 * 86_400 ? seconds : null;

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;

const incidents = ({ incidents: list }: Pick<AliasStatus, 'incidents'>): readonly string[] =>
  list.map(({ at, what }) => `  ${timestamp(new Date(at))} ${what}`);

function describeStores(config: Config, stores: Stores | undefined): readonly string[] {
  const lines = ['Daemon:      none answers for these stores'];
  const { aliases = null, archive = null } = stores ?? {};
  if (aliases !== null) {
    lines.push(
      'Aliases',
      `  Database:    ${config.dbPath} (${aliases.journalMode})`,
      `  Redis:       ${config.redis.display}`,
      `  Checkpoint:  ${aliases.checkpoint === null ? 'none: nothing was ever synced into this Redis' : `${timestamp(new Date(aliases.checkpoint.at))} by ${aliases.checkpoint.by}`}`,
      `  Lag:         ${aliases.lagRecords === null ? 'unknown: a full pass is needed (start the daemon, or run `millrace reconcile`)' : `${aliases.lagRecords} changes`}`,
    );
  }
  if (archive !== null) {
    lines.push(
      'Archive',
      `  Redis:       ${config.redis.display}`,
      `  Postgres:    ${config.postgres?.display ?? ''}`,
      archive.migrated
        ? `  Owner:       ${archive.owner ?? 'none'}, last seen ${archive.heartbeat ?? 'never'}`
        : '  Tables:      not made yet (millrace migrate)',
      `  Lag:         ${archive.lagRecords} entries of ${archive.streamLength} in the stream`,
      `  Parked:      ${archive.deadLetters} records`,
    );
  }
  return lines;
}
