import type { ErrorReport } from '../foundation/errors';
import type { Readings } from '../metrics/gauges';
import type { CheckpointAge } from '../pipeline/checkpoint-age';
import { type Health, healthOf } from '../pipeline/health';
import { timeOf } from '../foundation/moment';
import { pauseTroubles } from '../pipeline/pause';
import {
  passTroubles,
  type Progress,
  progressOf,
  progressReadings,
  stalledTroubles,
} from '../pipeline/progress';
import type { Catalogue } from '../mapping/kinds';
import { compareEntryIds } from './stream/entry-id';
import type { ArchiveLaneState } from './lane-state';
import type { MemoryFacts } from './memory-forecast';
import type { ArchivePassReport } from './pass/report';
import { type RefusedKind, refusalTrouble } from './refusals';
import type { StoppedMapping } from './schema/preparation';
import { millisecondsOf } from './tail/stream';
import type { MirrorStatus } from './mirror/mirror-log';

/** The pipeline as it is now; times in milliseconds since 1970. */
export interface ArchiveStatus extends Progress<ArchivePassReport> {
  readonly redis: string;
  readonly postgres: string;
  /** `uncertain`: this instance was the owner, but Postgres has not confirmed that for so long that another may have taken over. */
  readonly role: 'owner' | 'uncertain' | 'standby' | 'starting';
  /** host:pid of the owner. */
  readonly owner: string | null;
  readonly mirror: MirrorStatus;
  readonly position: { readonly incarnation: string | null; readonly entryId: string } | null;
  readonly lagSeconds: number;
  readonly deadLetters: number;
  /** Kinds of which Postgres takes nothing any more. */
  readonly refusals: readonly RefusedKind[];
  /** Mappings of the user's own whose tables cannot take their records, and why. */
  readonly stopped: readonly StoppedMapping[];
  readonly memory: MemoryFacts | null;
  readonly evicts: boolean;
  /** What keeps writers from their work: the function library, or the stream. */
  readonly capture: readonly ErrorReport[];
}

export interface ArchiveParts {
  readonly redis: string;
  readonly postgres: string;
  readonly state: ArchiveLaneState;
  readonly age: CheckpointAge;
  readonly mirror: MirrorStatus;
  readonly memory: MemoryFacts | undefined;
  readonly capture: readonly ErrorReport[];
  readonly nextPassAt: number;
}

export function archiveStatus(
  { redis, postgres, state, age, mirror, memory, capture, nextPassAt }: ArchiveParts,
  now = Date.now(),
): ArchiveStatus {
  const { role, owned, owner, position, entryId, deadLetters, refusals, stopped, entriesLeft } = state;
  const since = owned ? waitingSince(state, memory) : undefined;
  const lagSeconds = since === undefined ? 0 : Math.max(0, now - since) / 1_000;
  const known = owned && memory !== undefined;
  // Only the owner hears of the end of a pause.
  const paused = owned ? (state.paused ?? null) : null;
  return {
    ...progressOf(state, now),
    redis,
    postgres,
    role,
    owner: owner ?? null,
    mirror: { ...mirror, since: timeOf(mirror.since, now) },
    position: position ? { incarnation: position.incarnation, entryId: position.entryId } : null,
    // Minus one: the last entry applied stays in the stream, as a witness.
    lagRecords: known ? entriesLeft + (since === undefined ? 0 : Math.max(1, memory.streamLength - 1)) : null,
    lagSeconds,
    checkpointAgeSeconds: age.seconds({
      position: `${entryId} ${state.applied}`,
      lagSeconds: known ? lagSeconds : null,
      paused: paused !== null,
      now: performance.now(),
    }),
    deadLetters,
    refusals: owned ? refusals : [],
    stopped: owned ? stopped : [],
    memory: memory ?? null,
    nextPassAt,
    paused,
    evicts: memory?.evicts ?? state.evicts,
    capture,
  };
}

/** When the oldest entry that waits was written: the one that is being applied, or the first one seen at the last look at the stream. */
function waitingSince(
  { behindSince, entryId }: ArchiveLaneState,
  memory: MemoryFacts | undefined,
): number | undefined {
  if (behindSince !== undefined) return behindSince;
  const first = memory?.firstWaiting ?? null;
  return first === null || compareEntryIds(first, entryId) <= 0 ? undefined : millisecondsOf(first);
}

/** How long a cycle may take: a batch, a chunk of a pass or a wait for a lock may be slow. */
const stalledMs = 10_000;
/** A Redis that is full sooner than this needs a person now. */
const fullSoonSeconds = 3_600;

/** How long the mirror may be without a connection: a new one is made within a moment, so more is a fault. */
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
    ...status.stopped.map(
      ({ kind, message, hint }) => `archive: mapping ${kind} is not served: ${message}: ${hint}`,
    ),
    ...status.refusals.map((one) => refusalTrouble(catalogue, one)),
    ...mirrorTroubles(status, limits),
  );
  const { paused } = status;
  return [
    ...troubles,
    ...(paused === null ? passTroubles(status, limits) : pauseTroubles(paused, 'archive', now)),
  ];
}

/** Whether an instance is the owner, as far as it knows. */
const leads = (role: ArchiveStatus['role']): boolean => role === 'owner' || role === 'uncertain';

/** Troubles of the mirror: plain writes go unnoticed until the next full pass. */
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
  // Only the owner tells of position, passes and parked records.
  if (!leads(role)) return ofRedis;
  return {
    ...ofRedis,
    ...progressReadings(status, intervalSeconds),
    mirrorListening: mirror.state === 'off' ? null : Number(mirror.state === 'listening'),
    deadLetters: status.deadLetters,
  };
}
