import { beforeAll, compareEntryIds } from '../stream/entry-id';
import { changesStream } from '../../writer/keys';
import type { RedisFacts } from './redis-facts';

/** What Postgres knows of the Redis it follows. */
export interface ArchiveCheckpoint {
  readonly incarnation: string | null;
  /** The last entry applied, `0-0` before the first. The stream is trimmed below it, never of it. */
  readonly entryId: string;
  /** What was true when it was last looked. */
  readonly seen: RedisFacts | null;
}

export interface Judgement {
  /**
   * `start`      nothing was ever archived: read the stream from its beginning
   * `continue`   read on from the position
   * `gap`        the same Redis, but entries are lost: read what is left of the stream from its beginning
   * `backwards`  an older state, or another Redis: as `gap`, under a new incarnation, and whatever was remembered of ids is void
   */
  readonly verdict: 'start' | 'continue' | 'gap' | 'backwards';
  /** For the log, when something happened that should not. */
  readonly incident?: string;
  /** The stream alone does not tell everything that changed. */
  readonly needsPass: boolean;
}

const keep: Judgement = { verdict: 'continue', needsPass: false };
const gap = (what: string): Judgement => ({
  verdict: 'gap',
  incident: `${what}: somebody trimmed or deleted it, or it was evicted; entries may be lost`,
  needsPass: true,
});
const backwards = (what: string): Judgement => ({
  verdict: 'backwards',
  incident: `Redis went backwards: ${what}`,
  needsPass: true,
});
const odd = (incident: string): Judgement => ({ verdict: 'continue', incident, needsPass: true });

/**
 * Does Redis go on where Postgres stands? The entry at our position is the main witness; a snapshot restored from before it
 * lacks it, and one restored from after it betrays itself by what was seen since.
 * @param now read with `readFacts(client, checkpoint.entryId)`
 * @param met whether another incarnation that is in Redis now was met before
 */
export function judge(checkpoint: ArchiveCheckpoint | undefined, now: RedisFacts, met = false): Judgement {
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
  // The entry at our position is no witness then: we may have read on, since we looked, in what was written after a flush.
  if (now.incarnation === null && incarnation !== null)
    return backwards(counter ?? 'our incarnation key is gone; it was flushed, or restarted without its data');
  const restarted = seen !== null && hasOtherMemory(seen, now);
  if (counter !== undefined && (restarted || stream !== undefined)) return backwards(counter);
  if (stream !== undefined) {
    // Within one run, only the trimmed or deleted stream lacks what was read and has what came since.
    return restarted || now.entryAt ? backwards(`${stream}: an older state was restored`) : gap(stream);
  }
  if (counter !== undefined) return odd(`somebody changed a counter in Redis: ${counter}`);
  // With all its data; but notifications came to nobody meanwhile.
  return restarted ? { ...keep, needsPass: true } : keep;
}

/** Another run of the server, or data that came from another one by replication: what only memory held may be gone. */
export const hasOtherMemory = (seen: RedisFacts, now: RedisFacts): boolean =>
  seen.runId !== now.runId ||
  (seen.replication !== null && now.replication !== null && seen.replication !== now.replication);

/** A row that was made and never used. */
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

/** The first counter that is smaller than it was, in words. One that holds no number proves nothing. */
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
