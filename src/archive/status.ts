import type { ErrorReport } from '../foundation/errors';
import type { Readings } from '../metrics/gauges';
import type { CheckpointAge } from '../pipeline/checkpoint-age';
import { type Health, healthOf } from '../pipeline/health';
import type { Incident } from '../pipeline/incident';
import { passAt, timeOf } from '../foundation/moment';
import { type Pause, pauseTroubles } from '../pipeline/pause';
import {
  failing,
  passTroubles,
  type Progress,
  progressReadings,
  stalledTroubles,
} from '../pipeline/progress';
import type { Catalogue } from '../mapping/kinds';
import { compareEntryIds } from './stream/entry-id';
import type { ArchiveLane } from './lane';
import type { MemoryFacts } from './memory-forecast';
import type { ArchivePassReport } from './pass/pass-runner';
import { type Refusal, refusalTrouble } from './refusals';
import { millisecondsOf } from './tail/stream';
import type { MirrorStatus } from './mirror/mirror-log';

/** The pipeline as it is now; times in milliseconds since 1970. */
export interface ArchiveStatus extends Progress {
  readonly redis: string;
  readonly postgres: string;
  /** `uncertain`: it was the owner, but Postgres has not confirmed it for so long that another may have taken over. */
  readonly role: 'owner' | 'uncertain' | 'standby' | 'starting';
  /** host:pid of the owner. */
  readonly owner: string | null;
  readonly mirror: MirrorStatus;
  readonly position: { readonly incarnation: string | null; readonly entryId: string } | null;
  /** Entries after the position; null when that cannot be told, or is the owner's to tell. */
  readonly lagRecords: number | null;
  /** Age of the oldest of them; 0 when none waits. */
  readonly lagSeconds: number;
  readonly checkpointAgeSeconds: number | null;
  readonly deadLetters: number;
  /** Kinds of which Postgres takes nothing any more. */
  readonly refusals: readonly Refusal[];
  readonly memory: MemoryFacts | null;
  readonly lastProgressAt: number;
  readonly lastPass: ArchivePassReport | null;
  readonly passRunning: boolean;
  /** When the next one is due by the interval. */
  readonly nextPassAt: number;
  /** Records written since the start of this process, by the tail and by full passes. */
  readonly applied: number;
  readonly paused: Pause | null;
  readonly incidents: readonly Incident[];
  readonly evicts: boolean;
  /** What keeps writers from their work: the function library, or the stream. */
  readonly capture: readonly ErrorReport[];
}

export interface ArchiveParts {
  readonly lane: ArchiveLane;
  readonly age: CheckpointAge;
  readonly mirror: MirrorStatus;
  readonly memory: MemoryFacts | undefined;
  readonly capture: readonly ErrorReport[];
  readonly nextPassAt: number;
}

export function archiveStatus(
  { lane, age, mirror, memory, capture, nextPassAt }: ArchiveParts,
  now = Date.now(),
): ArchiveStatus {
  const { position } = lane.checkpoint;
  const { owned } = lane.checkpoint;
  const since = owned ? waitingSince(lane, memory) : undefined;
  const lagSeconds = since === undefined ? 0 : Math.max(0, now - since) / 1_000;
  const known = owned && memory !== undefined;
  // An instance that was displaced does not hear of the end of a pause.
  const paused = owned ? (lane.pause.current ?? null) : null;
  return {
    redis: lane.redis.display,
    postgres: lane.postgres.display,
    role: owned
      ? lane.checkpoint.certain
        ? 'owner'
        : 'uncertain'
      : lane.standing.owner === undefined
        ? 'starting'
        : 'standby',
    owner: lane.standing.owner ?? null,
    mirror: { ...mirror, since: timeOf(mirror.since, now) },
    position: position ? { incarnation: position.incarnation, entryId: position.entryId } : null,
    // The last entry applied stays in the stream, as a witness.
    lagRecords: !known ? null : since === undefined ? 0 : Math.max(1, memory.streamLength - 1),
    lagSeconds,
    checkpointAgeSeconds: age.seconds({
      position: `${lane.stream.entryId} ${lane.applied.total}`,
      lagSeconds: known ? lagSeconds : null,
      paused: paused !== null,
      now: performance.now(),
    }),
    deadLetters: lane.letters,
    refusals: owned ? lane.refusals.list : [],
    memory: memory ?? null,
    lastProgressAt: timeOf(lane.lastProgressAt, now),
    lastPass: passAt(lane.fullPasses.last, lane.fullPasses.doneAt, now),
    passRunning: lane.passes.active,
    nextPassAt,
    applied: lane.applied.total,
    paused,
    incidents: lane.incidents.list,
    evicts: memory?.evicts ?? lane.applier.server?.evicts ?? false,
    capture,
    ...failing(lane.failure, lane.incidents),
  };
}

/** When the oldest entry that waits was written: the one being applied, or what was in the stream when it was last looked at. */
function waitingSince(lane: ArchiveLane, memory: MemoryFacts | undefined): number | undefined {
  if (lane.stream.behindSince !== undefined) return lane.stream.behindSince;
  const first = memory?.firstWaiting ?? null;
  return first === null || compareEntryIds(first, lane.stream.entryId) <= 0
    ? undefined
    : millisecondsOf(first);
}

/** A batch, or a chunk of a pass, may take a while; a lock is waited for as long. */
const stalledMs = 10_000;
/** A Redis that is full sooner needs a person now. */
const fullSoonSeconds = 3_600;

/** A connection is made anew within a moment; what lasts longer is a fault. */
const deafMs = 5_000;

/** Why the pipeline is not in order; empty when it is. A standby is in order. */
export function archiveTroubles(
  status: ArchiveStatus,
  { catalogue, intervalSeconds }: { readonly catalogue: Catalogue; readonly intervalSeconds: number },
  now = Date.now(),
): readonly string[] {
  const limits = { pipeline: 'archive', stalledMs, intervalSeconds, now };
  const troubles = [...stalledTroubles(status, limits)];
  const full = status.memory?.fullInSeconds ?? null;
  if (full !== null && full < fullSoonSeconds && status.lagSeconds > 60) {
    troubles.push(
      `archive: Redis will be full in ${Math.round(full / 60)} min, the stream grows faster than it is archived: bring Postgres back, or raise maxmemory`,
    );
  }
  if (status.evicts)
    troubles.push(
      'archive: Redis may evict the stream millrace:changes: set maxmemory-policy to noeviction, or to a volatile one',
    );
  for (const { code, message, hint } of status.capture)
    troubles.push(`archive: ${message} (${code})${hint === undefined ? '' : `: ${hint}`}`);
  if (status.role === 'standby') return troubles;
  troubles.push(
    ...status.refusals.map((one) => refusalTrouble(catalogue, one)),
    ...mirrorTroubles(status, limits),
  );
  const { paused } = status;
  return [
    ...troubles,
    ...(paused === null ? passTroubles(status, limits) : pauseTroubles(paused, 'archive', now)),
  ];
}

/** As far as it knows it is the owner. */
const leads = (role: ArchiveStatus['role']): boolean => role === 'owner' || role === 'uncertain';

/** Plain writes that nobody notices until the next full pass. */
function mirrorTroubles(
  { mirror, role }: ArchiveStatus,
  { intervalSeconds, now }: { readonly intervalSeconds: number; readonly now: number },
): readonly string[] {
  const { state, since, message, hint } = mirror;
  if (!leads(role) || state === 'off' || state === 'listening' || now - since < deafMs) return [];
  const why = message === undefined ? '' : `: ${message}`;
  const remedy = hint ?? 'look at the Redis server';
  return [
    `archive: the mirror is ${state}${why}; plain writes are found by the full pass every ${intervalSeconds} s: ${remedy}; or set MIRROR=off if all writers call the functions`,
  ];
}

export const archiveHealth = (status: ArchiveStatus, troubles: readonly string[]): Health =>
  healthOf({
    status,
    troubles,
    parked: status.deadLetters,
    parkedWord: 'parked',
    otherwise:
      status.role === 'standby'
        ? { level: 'idle', says: 'Standing by' }
        : status.role === 'starting'
          ? { level: 'busy', says: 'Starting' }
          : undefined,
  });

export function archiveReadings(status: ArchiveStatus, intervalSeconds: number): Readings {
  const { memory, mirror, role } = status;
  const ofRedis: Readings = {
    owner: Number(role === 'owner'),
    streamEntries: memory?.streamLength ?? null,
    redisUsedBytes: memory?.usedBytes ?? null,
    redisLimitBytes: memory?.limitBytes ?? null,
    redisFullInSeconds: memory?.fullInSeconds ?? null,
    redisEvicts: memory === null ? null : Number(memory.evicts),
  };
  // Position, passes and parked records are the owner's to tell.
  if (!leads(role)) return ofRedis;
  return {
    ...ofRedis,
    ...progressReadings(status, intervalSeconds),
    mirrorListening: mirror.state === 'off' ? null : Number(mirror.state === 'listening'),
    deadLetters: status.deadLetters,
  };
}
