import type { AliasStatus } from '../aliases/status';
import type { ArchiveStatus } from '../archive/status';
import type { DaemonStatus } from '../control/daemon-status';
import type { LeftOut } from '../config/load';
import type { Health } from '../pipeline/health';
import type { Incident } from '../pipeline/incidents/incident';
import { timestamp } from '../foundation/timestamp';
import { describeIncident } from './describe-incident';
import { aliasSentences, archiveSentences, type TimeStyle, overall, type Sentence } from './status-sentences';

const moment = (at: number): string => timestamp(new Date(at));

/** What `status` prints of a daemon, line by line. Pure. */
export function describeDaemon(status: DaemonStatus, now: number): readonly string[] {
  const { pid, startedAt, troubles, leftOut, health, aliases, archive } = status;
  const clock = { now, when: moment };
  return [
    `Daemon:      pid ${pid}, since ${moment(startedAt)}, ${overall(status).text}`,
    ...troubles.map((trouble) => `  ! ${trouble}`),
    ...notRunning(leftOut),
    ...(aliases === null ? [] : describeAliases(aliases, health.aliases, clock)),
    ...(archive === null ? [] : describeArchive(archive, health.archive, clock)),
  ];
}

function describeAliases(aliases: AliasStatus, health: Health | null, clock: TimeStyle): readonly string[] {
  const said = aliasSentences(aliases, health, clock);
  return [
    aliases.documents ? 'Cache' : 'Aliases',
    ...laidOut(said.state, said.paused, said.failure),
    fact('database', `${aliases.database} (${aliases.journalMode ?? 'closed'})`),
    fact('redis', aliases.redis),
    ...laidOut(
      said.mode,
      said.lag,
      said.checkpoint,
      said.lastPass,
      said.mappings,
      said.unmatched,
      said.notServed,
    ),
    ...aliases.tables.flatMap((table) =>
      table.message === undefined ? [] : [`  ! ${table.message}`, `    → ${table.hint ?? ''}`],
    ),
    ...incidents(aliases.incidents, clock.now),
  ];
}

function describeArchive(archive: ArchiveStatus, health: Health | null, clock: TimeStyle): readonly string[] {
  const said = archiveSentences(archive, health, clock);
  return [
    'Archive',
    ...laidOut(said.state, said.paused, said.failure),
    fact('redis', archive.redis),
    fact('postgres', archive.postgres),
    ...laidOut(
      said.role,
      said.mirror,
      said.lag,
      said.position,
      said.stream,
      said.parked,
      said.lastPass,
      said.unmatched,
    ),
    ...incidents(archive.incidents, clock.now),
  ];
}

/** `  Last pass:   none yet` */
export const fact = (name: string, text: string): string =>
  `  ${`${name.charAt(0).toUpperCase()}${name.slice(1)}:`.padEnd(12)} ${text}`;

export const laidOut = (...sentences: readonly (Sentence | undefined)[]): readonly string[] =>
  sentences.flatMap((one) =>
    one === undefined
      ? []
      : [fact(one.name, one.text), ...(one.hint === undefined ? [] : [`    → ${one.hint}`])],
  );

export const notRunning = (leftOut: readonly LeftOut[]): readonly string[] =>
  leftOut.flatMap(({ message, hint }) => [`  ! ${message}`, `    → ${hint}`]);

/** The incidents of one pipeline, the oldest first. */
export const incidents = (list: readonly Incident[], now: number): readonly string[] =>
  list.map((incident) => `  ${moment(incident.at)} ${describeIncident(incident, now)}`);
