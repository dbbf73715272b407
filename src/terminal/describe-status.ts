import type { AliasStatus } from '../aliases/status';
import type { ArchiveStatus } from '../archive/status';
import type { Config } from '../config/load';
import type { DaemonStatus } from '../control/daemon-status';
import type { LeftOut } from '../config/load';
import { type Health, lowered } from '../pipeline/health';
import type { Incident } from '../pipeline/incident';
import type { Pause } from '../pipeline/pause';
import type { Stores } from '../doctor/ask';
import { describeIncident } from './describe-incident';
import { span } from './spans';
import { timestamp } from '../foundation/timestamp';

/** For `status`: the daemon’s own word, line by line. */
export function describeDaemon({
  pid,
  startedAt,
  ready,
  troubles,
  leftOut,
  health,
  aliases,
  archive,
}: DaemonStatus): readonly string[] {
  return [
    `Daemon:      pid ${pid}, since ${timestamp(new Date(startedAt))}, ${ready ? lowered(health.overall) : 'NOT in order'}`,
    ...troubles.map((trouble) => `  ! ${trouble}`),
    ...notRun(leftOut),
    ...failingSince(aliases, archive),
    ...(aliases === null ? [] : describeAliases(aliases, health.aliases)),
    ...(archive === null ? [] : describeArchive(archive, health.archive)),
  ];
}

const failingSince = (aliases: AliasStatus | null, archive: ArchiveStatus | null): readonly string[] =>
  Object.entries({ aliases, archive }).flatMap(([name, status]) =>
    status?.failure == null || status.failingSince === null
      ? []
      : [
          `    ${name} fails since ${timestamp(new Date(status.failingSince))}, for ${span(Date.now() - status.failingSince)}`,
        ],
  );

const state = (health: Health | null): readonly string[] =>
  health === null ? [] : [`  State:       ${lowered(health)}`];

function describeAliases(aliases: AliasStatus, health: Health | null): readonly string[] {
  const { lastPass, checkpoint, lagRecords } = aliases;
  return [
    'Aliases',
    ...state(health),
    ...pausedSince(aliases.paused),
    `  Database:    ${aliases.database} (${aliases.journalMode ?? 'closed'})`,
    `  Redis:       ${aliases.redis}`,
    `  Mode:        ${aliases.mode === 'tail' ? 'changes travel at once' : `full passes only: ${aliases.notCaptured ?? 'the file is not open'}`}`,
    `  Lag:         ${lagRecords === null ? 'unknown' : `${lagRecords} changes`}`,
    `  Checkpoint:  ${checkpoint === null ? 'none' : `change ${checkpoint.seq ?? '-'}, ${timestamp(new Date(checkpoint.at))}`}`,
    lastPass === null
      ? '  Last pass:   none yet'
      : `  Last pass:   ${timestamp(new Date(lastPass.startedAt))}, ${lastPass.ms} ms: ${lastPass.total} aliases, +${lastPass.added} ~${lastPass.updated} -${lastPass.deleted}`,
    ...((lastPass?.skipped ?? 0) > 0
      ? [`  Not served:  ${lastPass?.skipped ?? 0} rows (millrace dead-letters list)`]
      : []),
    ...aliases.tables.flatMap((table) =>
      table.message === undefined ? [] : [`  ! ${table.message}`, `    → ${table.hint ?? ''}`],
    ),
    ...incidents(aliases.incidents),
  ];
}

function describeArchive(archive: ArchiveStatus, health: Health | null): readonly string[] {
  const { lastPass, mirror, memory, position } = archive;
  const written = Object.entries(lastPass?.statistics ?? {}).flatMap(([name, count]) =>
    count > 0 ? [`${name} ${count}`] : [],
  );
  const full = soon(memory?.fullInSeconds ?? null);
  return [
    'Archive',
    ...state(health),
    ...pausedSince(archive.paused),
    `  Redis:       ${archive.redis}`,
    `  Postgres:    ${archive.postgres}`,
    `  Role:        ${roleOf(archive)}`,
    `  Mirror:      ${mirror.state}${mirror.message === undefined ? '' : `: ${mirror.message}`}`,
    ...(mirror.hint === undefined ? [] : [`    → ${mirror.hint}`]),
    `  Lag:         ${archive.lagRecords === null ? 'unknown' : `${archive.lagRecords} entries`}, ${archive.lagSeconds.toFixed(1)} s`,
    `  Position:    ${position === null ? 'none' : position.entryId}`,
    ...(memory === null
      ? []
      : [
          `  Stream:      ${memory.streamLength} entries; Redis uses ${megabytes(memory.usedBytes)}${memory.limitBytes === null ? '' : ` of ${megabytes(memory.limitBytes)}`}${full === null ? '' : `, full in ${Math.round(full / 60)} min at this rate`}`,
        ]),
    ...(archive.role === 'standby' || archive.role === 'starting'
      ? [] // they are the owner's to count
      : [
          `  Parked:      ${archive.deadLetters} records${archive.deadLetters > 0 ? ' (millrace dead-letters list)' : ''}`,
        ]),
    lastPass === null
      ? '  Last pass:   none yet'
      : `  Last pass:   ${timestamp(new Date(lastPass.startedAt))}, ${lastPass.ms} ms, ${lastPass.keys} keys; written: ${written.join(', ') || 'nothing'}`,
    ...incidents(archive.incidents),
  ];
}

const notRun = (leftOut: readonly LeftOut[]): readonly string[] =>
  leftOut.flatMap(({ message, hint }) => [`  ! ${message}`, `    → ${hint}`]);

export const roleOf = ({ role, owner, failure }: ArchiveStatus): string =>
  role === 'standby'
    ? `standby; ${owner ?? 'another'} ${failure === null ? 'owns' : 'owned'} the stream${failure === null ? '' : ' when last asked'}`
    : role === 'uncertain'
      ? 'uncertain; it owned the stream, but Postgres does not confirm it: a standby may have taken over'
      : role;

const pausedSince = (paused: Pause | null): readonly string[] =>
  paused === null
    ? []
    : [`  PAUSED:      since ${timestamp(new Date(paused.at))} by ${paused.by} (millrace resume)`];

/** What is further away than a week is not worth a word. */
export const soon = (seconds: number | null): number | null =>
  seconds !== null && seconds < 7 * 86_400 ? seconds : null;

export const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;

/** Of one pipeline, the oldest first. */
const incidents = (list: readonly Incident[]): readonly string[] =>
  list.map((incident) => `  ${timestamp(new Date(incident.at))} ${describeIncident(incident, Date.now())}`);

/** What the stores say where no daemon does. @param silent why not */
export function describeStores(
  config: Config,
  { aliases, archive }: Stores,
  silent: string,
): readonly string[] {
  const lines = [`Daemon:      none answers for these stores (${silent})`, ...notRun(config.leftOut)];
  if (aliases !== null) {
    lines.push(
      'Aliases',
      ...pausedSince(aliases.paused),
      `  Database:    ${config.dbPath} (${aliases.journalMode})`,
      `  Redis:       ${config.redis.display}`,
      `  Checkpoint:  ${aliases.checkpoint === null ? 'none: nothing was ever synced into this Redis' : `${timestamp(new Date(aliases.checkpoint.at))} by ${aliases.checkpoint.by}`}`,
      `  Lag:         ${aliases.lagRecords === null ? 'unknown: a full pass is needed (start the daemon, or run `millrace reconcile`)' : `${aliases.lagRecords} changes`}`,
      ...incidents(aliases.incidents),
    );
  }
  if (archive !== null) {
    lines.push(
      'Archive',
      ...pausedSince(archive.paused),
      `  Redis:       ${config.redis.display}`,
      `  Postgres:    ${config.postgres?.display ?? ''}`,
      archive.migrated
        ? `  Owner:       ${archive.owner ?? 'none'}, last seen ${archive.heartbeat ?? 'never'}`
        : '  Tables:      not made yet (millrace migrate)',
      `  Lag:         ${archive.lagRecords} entries of ${archive.streamLength} in the stream`,
      `  Parked:      ${archive.deadLetters} records`,
      ...incidents(archive.incidents),
    );
  }
  return lines;
}
