import type { ErrorReport } from '../errors';
import { type Pause, pauseTroubles } from '../pipeline/pause';
import { passTroubles, stalledTroubles } from '../pipeline/progress';
import { compareEntryIds } from './entry-id';
import type { ArchiveLane } from './lane';
import type { MemoryFacts } from './memory-forecast';
import type { ArchivePassReport } from './pass-runner';
import { millisecondsOf } from './stream';

/** How plain writes are followed. */
export interface MirrorStatus {
  readonly state: 'off' | 'waiting' | 'listening' | 'refused' | 'down';
  /** Why it is not listening, and what to do. */
  readonly message?: string;
  readonly hint?: string;
  /** Nominations written to the stream. */
  readonly mirrored: number;
}

/** The pipeline as it is now; times in milliseconds since 1970. */
export interface ArchiveStatus {
  readonly redis: string;
  readonly postgres: string;
  readonly role: 'owner' | 'standby' | 'starting';
  /** host:pid of the owner. */
  readonly owner: string | null;
  readonly mirror: MirrorStatus;
  readonly position: { readonly incarnation: string | null; readonly entryId: string } | null;
  /** Entries after the position; null when that cannot be told. */
  readonly lagRecords: number | null;
  /** Age of the oldest of them; 0 when none waits. */
  readonly lagSeconds: number;
  readonly deadLetters: number;
  readonly memory: MemoryFacts | null;
  readonly lastProgressAt: number;
  readonly lastPass: ArchivePassReport | null;
  readonly passRunning: boolean;
  /** When the next one is due by the interval. */
  readonly nextPassAt: number;
  /** Records written since the start of this process, by the tail and by full passes. */
  readonly applied: number;
  readonly paused: Pause | null;
  readonly incidents: readonly { readonly at: number; readonly what: string }[];
  readonly evicts: boolean;
  /** The failure being retried. */
  readonly failure: ErrorReport | null;
}

export interface ArchiveParts {
  readonly lane: ArchiveLane;
  readonly mirror: MirrorStatus;
  readonly memory: MemoryFacts | undefined;
  readonly nextPassAt: number;
}

export function archiveStatus(
  { lane, mirror, memory, nextPassAt }: ArchiveParts,
  now = Date.now(),
): ArchiveStatus {
  const { position } = lane.checkpoint;
  const since = waitingSince(lane, memory);
  return {
    redis: lane.redis.display,
    postgres: lane.postgres.display,
    role: lane.checkpoint.owned ? 'owner' : lane.standing.owner === undefined ? 'starting' : 'standby',
    owner: lane.standing.owner ?? null,
    mirror,
    position: position ? { incarnation: position.incarnation, entryId: position.entryId } : null,
    // The last entry applied stays in the stream, as a witness.
    lagRecords: memory === undefined ? null : since === undefined ? 0 : Math.max(1, memory.streamLength - 1),
    lagSeconds: since === undefined ? 0 : Math.max(0, now - since) / 1_000,
    deadLetters: lane.letters,
    memory: memory ?? null,
    lastProgressAt: lane.lastProgressAt,
    lastPass: lane.lastPass ?? null,
    passRunning: lane.passes.active,
    nextPassAt,
    applied: lane.applied.total,
    paused: lane.pause.current ?? null,
    incidents: lane.incidents.list,
    evicts: lane.server?.evicts ?? false,
    failure: lane.failure ?? null,
  };
}

/** When the oldest entry that waits was written: the one being applied, or what was in the stream when it was last looked at. */
function waitingSince(lane: ArchiveLane, memory: MemoryFacts | undefined): number | undefined {
  if (lane.behindSince !== undefined) return lane.behindSince;
  const first = memory?.firstWaiting ?? null;
  return first === null || compareEntryIds(first, lane.entryId) <= 0 ? undefined : millisecondsOf(first);
}

/** A batch, or a chunk of a pass, may take a while. */
const stalledMs = 15_000;
/** A Redis that is full sooner needs a person now. */
const fullSoonSeconds = 3_600;

/** Why the pipeline is not in order; empty when it is. A standby is in order. */
export function archiveTroubles(
  status: ArchiveStatus,
  intervalSeconds: number,
  now = Date.now(),
): readonly string[] {
  const limits = { pipeline: 'archive', stalledMs, intervalSeconds, now };
  const troubles = [...stalledTroubles(status, limits)];
  const full = status.memory?.fullInSeconds ?? null;
  if (full !== null && full < fullSoonSeconds && status.lagSeconds > 60) {
    troubles.push(
      `Redis will be full in ${Math.round(full / 60)} min: the stream grows faster than it is archived`,
    );
  }
  if (status.evicts)
    troubles.push('Redis may evict the stream millrace:changes: set maxmemory-policy to noeviction');
  if (status.paused !== null) return [...troubles, ...pauseTroubles(status.paused, 'archive', now)];
  return status.role === 'standby' ? troubles : [...troubles, ...passTroubles(status, limits)];
}
