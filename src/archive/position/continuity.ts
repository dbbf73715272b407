import { beforeAll, compareEntryIds } from '../stream/entry-id';
import { changesStream } from '../../writer/keys';
import type { RedisFacts } from './redis-facts';

/** What Postgres knows of the Redis it follows. */
export interface ArchiveCheckpoint {
  readonly incarnation: string | null;
  /** The last entry applied, `0-0` before the first. The stream is trimmed below it, never of it. */
  readonly entryId: string;
  /** The facts of Redis when it was last looked at. */
  readonly seen: RedisFacts | null;
}

export interface ArchiveJudgement {
  /**
   * `start`      nothing was ever archived: read the stream from its beginning
   * `continue`   read on from the position
   * `gap`        the same Redis, but entries are lost: read what is left of the stream from its beginning
   * `backwards`  an older state, or another Redis: as `gap`, but under a new incarnation, and what was remembered of ids is void
   */
  readonly verdict: 'start' | 'continue' | 'gap' | 'backwards';
  /** For the log, when something happened that should not. */
  readonly incident?: string;
  /** Whether a full pass has to follow, because the stream alone does not tell everything that has changed. */
  readonly needsPass: boolean;
}

const keep: ArchiveJudgement = { verdict: 'continue', needsPass: false };
const gap = (what: string): ArchiveJudgement => ({
  verdict: 'gap',
  incident: `${what}: somebody trimmed or deleted it, or it was evicted; entries may be lost`,
  needsPass: true,
});
const backwards = (what: string): ArchiveJudgement => ({
  verdict: 'backwards',
  incident: `Redis went backwards: ${what}`,
  needsPass: true,
});
const odd = (incident: string): ArchiveJudgement => ({ verdict: 'continue', incident, needsPass: true });

/**
 * Does Redis go on where Postgres stands? The entry at our position is the main witness: a snapshot taken before that entry lacks it. A
 * snapshot taken after it is betrayed by facts that were seen since (last id, counters).
 * @param now the facts as `readRedisFacts` reads them for the checkpoint's entry id
 * @param met if Redis has another incarnation now: whether that one is known, see `Checkpoint.hasMet`
 */
export function judge(
  checkpoint: ArchiveCheckpoint | undefined,
  now: RedisFacts,
  met = false,
): ArchiveJudgement {
  if (checkpoint === undefined || isUntouched(checkpoint)) return { verdict: 'start', needsPass: true };
  const { incarnation, seen } = checkpoint;
  if (now.incarnation !== null && incarnation !== null && now.incarnation !== incarnation) {
    const what = met
      ? 'an older state was put back'
      : 'another Redis answers, or another Millrace took it over';
    return backwards(`its incarnation was ${incarnation} and is ${now.incarnation}; ${what}`);
  }
  const stream = streamLoss(checkpoint, now);
  const counter = counterLoss(seen, now);
  // Without our incarnation the entry at our position proves nothing: since the last look we may have read on in a stream begun after a flush.
  if (now.incarnation === null && incarnation !== null)
    return backwards(counter ?? 'our incarnation key is gone; it was flushed, or restarted without its data');
  const restarted = seen !== null && hasOtherMemory(seen, now);
  if (counter !== undefined && (restarted || stream !== undefined)) return backwards(counter);
  if (stream !== undefined) {
    // In the same run of the server only trimming or deleting explains a stream that lacks what was read and has what came later.
    return restarted || now.entryAt ? backwards(`${stream}: an older state was restored`) : gap(stream);
  }
  if (counter !== undefined) return odd(`somebody changed a counter in Redis: ${counter}`);
  // A restart kept all data, but nobody heard the notifications in the meantime.
  return restarted ? { ...keep, needsPass: true } : keep;
}

/** Whether this is another run of the server, or its data came from another one by replication: what only memory held may be gone. */
export const hasOtherMemory = (seen: RedisFacts, now: RedisFacts): boolean =>
  seen.runId !== now.runId ||
  (seen.replication !== null && now.replication !== null && seen.replication !== now.replication);

/** Whether the checkpoint was made and never used. */
const isUntouched = ({ incarnation, entryId, seen }: ArchiveCheckpoint): boolean =>
  incarnation === null && entryId === beforeAll && seen === null;

/** What the stream lacks of what it had, in words. */
function streamLoss({ entryId, seen }: ArchiveCheckpoint, now: RedisFacts): string | undefined {
  const { stream } = now;
  const lacks = (what: string) => `the stream ${changesStream} ${what}`;
  if ((entryId !== beforeAll || seen?.stream.exists === true) && !stream.exists) return lacks('is gone');
  if (compareEntryIds(stream.lastGeneratedId, entryId) < 0) {
    return lacks(`ends at ${stream.lastGeneratedId}, and ${entryId} was read already`);
  }
  if (entryId !== beforeAll && !now.entryAt) return lacks(`has no longer ${entryId}, the last entry read`);
  if (seen === null) return undefined;
  const ended = seen.stream.lastGeneratedId;
  if (compareEntryIds(stream.lastGeneratedId, ended) < 0) {
    return lacks(`ended at ${ended} and ends at ${stream.lastGeneratedId}`);
  }
  const before = seen.stream.entriesAdded;
  const after = stream.entriesAdded;
  if (before === null || after === null || after >= before) return undefined;
  return lacks(`had seen ${before} entries and now ${after}`);
}

/** The first counter that is smaller than it was, in words. A counter that holds no number proves nothing. */
function counterLoss(seen: RedisFacts | null, now: RedisFacts): string | undefined {
  for (const [kind, before] of Object.entries(seen?.counters ?? {})) {
    const after = now.counters[kind];
    const had = integer(before);
    if (had === undefined || after === undefined) continue;
    if (after === null) return `counter ${kind} was ${had} and is gone`;
    const has = integer(after);
    if (has !== undefined && has < had) return `counter ${kind} was ${had} and is ${has}`;
  }
  return undefined;
}

const integer = (text: string | null): bigint | undefined =>
  text !== null && /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
