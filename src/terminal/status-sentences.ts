import { emptyDocuments, type PassReport } from '../aliases/pass/report';
import type { AliasStatus } from '../aliases/status';
import type { ArchiveStatus } from '../archive/status';
import type { DaemonStatus } from '../control/daemon-status';
import { type Health, type HealthLevel, lowered } from '../pipeline/health';
import type { Pause } from '../pipeline/pause';
import type { Progress } from '../pipeline/progress';
import { inFew } from '../foundation/in-few';
import { timestamp } from '../foundation/timestamp';
import { grouped, span } from './spans';

export type Tone = 'plain' | 'strong' | 'good' | 'warn' | 'bad' | 'dim';

/** One thing to say of a pipeline. `status` and `status --watch` show the same sentences, each in its own layout. */
export interface Sentence {
  readonly name: string;
  readonly text: string;
  readonly tone: Tone;
  readonly hint?: string | undefined;
}

/** How a layout tells time. */
export interface TimeStyle {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** `status`, whose text may be kept, names the moment; a screen that is redrawn says how long ago it was. */
  readonly when: (at: number) => string;
}

/** Sentences by name; undefined: there is nothing to say. */
type Sentences<Name extends string> = Readonly<Record<Name, Sentence | undefined>>;

type Common = 'state' | 'paused' | 'lag' | 'nextPass' | 'failure';
export type AliasSentences = Sentences<
  Common | 'mode' | 'checkpoint' | 'changelog' | 'lastPass' | 'mappings' | 'unmatched' | 'notServed'
>;
export type ArchiveSentences = Sentences<
  Common | 'role' | 'mirror' | 'position' | 'stream' | 'parked' | 'lastPass' | 'unmatched'
>;

const say = (name: string, text: string, tone: Tone = 'plain', hint?: string): Sentence => ({
  name,
  text,
  tone,
  hint,
});

export function aliasSentences(
  aliases: AliasStatus,
  health: Health | null,
  clock: TimeStyle,
): AliasSentences {
  const { checkpoint, changelogRows, lastPass, mode } = aliases;
  return {
    ...common(aliases, health, clock),
    mode: say('mode', modeOf(aliases), mode === 'tail' ? 'plain' : 'bad'),
    checkpoint: say(
      'checkpoint',
      checkpoint === null ? 'none' : `change ${checkpoint.seq ?? '-'}, ${timestamp(new Date(checkpoint.at))}`,
    ),
    changelog: changelogRows === null ? undefined : say('changelog', `${grouped(changelogRows)} rows`),
    lastPass: say(
      'last pass',
      lastPass === null
        ? 'none yet'
        : `${clock.when(lastPass.startedAt)}, ${lastPass.ms} ms: ${grouped(lastPass.total)} ${lastPass.documents === undefined ? 'aliases' : lastPass.total === 1 ? 'key' : 'keys'}, +${lastPass.added} ~${lastPass.updated} -${lastPass.deleted}`,
    ),
    mappings: lastPass?.documents && say('mappings', keysByName(lastPass)),
    unmatched: lastPass === null ? undefined : unmatched(emptyDocuments(lastPass), 'no row makes a key of'),
    notServed:
      (lastPass?.skipped ?? 0) > 0
        ? say('not served', `${grouped(lastPass?.skipped ?? 0)} rows (millrace dead-letters list)`, 'warn')
        : undefined,
  };
}

export function archiveSentences(
  archive: ArchiveStatus,
  health: Health | null,
  clock: TimeStyle,
): ArchiveSentences {
  const { role, mirror, position, deadLetters } = archive;
  return {
    ...common(archive, health, clock),
    role: say('role', roleOf(archive), role === 'uncertain' ? 'bad' : 'plain'),
    mirror: say(
      'mirror',
      `${mirror.state}${mirror.message === undefined ? '' : `: ${mirror.message}`}`,
      mirror.state === 'refused' || mirror.state === 'down' ? 'bad' : 'plain',
      mirror.hint,
    ),
    position: say('position', position === null ? 'none' : position.entryId),
    stream: streamOf(archive),
    // Only the owner counts parked records.
    parked: role === 'standby' || role === 'starting' ? undefined : parked(deadLetters),
    lastPass: say('last pass', archivePass(archive, clock)),
    unmatched: unmatched(archive.lastPass?.unmatched ?? [], 'Redis has no key of'),
  };
}

const keysByName = ({ types }: Pick<PassReport, 'types'>): string =>
  inFew(Object.entries(types).map(([name, { total }]) => `${name} ${grouped(total)}`));

/** What matches nothing: a mapping that means another table, or other keys, may be misspelled. */
const unmatched = (names: readonly string[], why: string): Sentence | undefined =>
  names.length === 0 ? undefined : say('no match', `${why} ${inFew(names)}`, 'warn');

const tones: Readonly<Record<HealthLevel, Tone>> = {
  ok: 'good',
  busy: 'plain',
  idle: 'plain',
  warn: 'warn',
  paused: 'warn',
  bad: 'bad',
};

/** How the daemon as a whole is. */
export const overall = ({ ready, health }: DaemonStatus): Sentence =>
  say('', ready ? lowered(health.overall) : 'NOT in order', tones[health.overall.level]);

function common(
  { lagRecords, lagSeconds, paused, ...status }: Progress,
  health: Health | null,
  { now }: TimeStyle,
): Sentences<Common> {
  return {
    state: health === null ? undefined : say('state', lowered(health), tones[health.level]),
    paused: pausedSince(paused),
    lag: say(
      'lag',
      lagRecords === null
        ? 'unknown'
        : lagRecords === 0
          ? 'in step'
          : `${grouped(lagRecords)} behind, ${(lagSeconds ?? 0).toFixed(1)} s`,
      lagSeconds !== null && lagSeconds > 10 ? 'bad' : 'plain',
    ),
    nextPass: say('next pass', nextPass(status, now)),
    failure: failure(status, now),
  };
}

export const pausedSince = (paused: Pause | null): Sentence | undefined =>
  paused === null
    ? undefined
    : say('PAUSED', `since ${timestamp(new Date(paused.at))} by ${paused.by} (millrace resume)`, 'bad');

export const parked = (count: number): Sentence =>
  count === 0
    ? say('parked', 'none')
    : say('parked', `${grouped(count)} record${count === 1 ? '' : 's'} (millrace dead-letters list)`, 'warn');

const nextPass = (
  { passRunning, passOf, nextPassAt }: Pick<Progress, 'passRunning' | 'passOf' | 'nextPassAt'>,
  now: number,
): string => {
  if (passRunning) return passOf == null ? 'running now' : `one of ${inFew(passOf)} is running now`;
  return nextPassAt <= now ? 'due' : `in ${span(nextPassAt - now)}`;
};

function failure({ failure, failingSince }: Pick<Progress, 'failure' | 'failingSince'>, now: number) {
  if (failure === null) return undefined;
  const since = failingSince ?? now;
  return say(
    'failure',
    `since ${timestamp(new Date(since))}, for ${span(now - since)}: ${failure.message} (${failure.code}); trying again`,
    'bad',
  );
}

const modeOf = ({ mode, notCaptured }: AliasStatus): string =>
  mode === 'tail'
    ? 'changes travel at once'
    : mode === 'closed'
      ? 'the file is not open'
      : `full passes only: ${notCaptured ?? ''}`;

const roleOf = ({ role, owner, failure }: ArchiveStatus): string =>
  role === 'standby'
    ? `standby; ${owner ?? 'another'} ${failure === null ? 'owns' : 'owned'} the stream${failure === null ? '' : ' when last asked'}`
    : role === 'uncertain'
      ? 'uncertain; it owned the stream, but Postgres does not confirm it: a standby may have taken over'
      : role;

function streamOf({ memory }: ArchiveStatus): Sentence | undefined {
  if (memory === null) return undefined;
  const full = soon(memory.fullInSeconds);
  return say(
    'stream',
    `${grouped(memory.streamLength)} entries; Redis uses ${megabytes(memory.usedBytes)}` +
      (memory.limitBytes === null ? '' : ` of ${megabytes(memory.limitBytes)}`) +
      (full === null ? '' : `, full in ${span(full * 1_000)} at this rate`),
    full === null ? 'plain' : 'bad',
  );
}

/** The seconds, unless they are more than a week: that is too far away to tell. */
const soon = (seconds: number | null): number | null =>
  seconds !== null && seconds < 7 * 86_400 ? seconds : null;

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;

function archivePass({ lastPass }: ArchiveStatus, { when }: TimeStyle): string {
  if (lastPass === null) return 'none yet';
  const { startedAt, ms, keys, differences, statistics } = lastPass;
  const differed = Object.values(differences).reduce((sum, count) => sum + count, 0);
  const written = Object.entries(statistics).flatMap(([name, count]) =>
    count > 0 ? [`${name} ${count}`] : [],
  );
  return (
    `${when(startedAt)}, ${ms} ms: ${grouped(keys)} key${keys === 1 ? '' : 's'}, ${grouped(differed)} differed` +
    (written.length === 0 ? '' : `; written: ${written.join(', ')}`)
  );
}
