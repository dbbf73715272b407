import type { RedisConnection } from '../../connections/redis';
import type { Kind } from '../../mapping/kinds';
import type { Batch } from '../batch/batch';
import { readContents } from '../letters/contents';
import { keyOf } from '../record/key';
import { isUnfit, Unfit } from '../record/unfit';
import { singleEntries } from '../truth/single-entries';

/** An entry of a stream of the user's own that is parked. */
export interface ParkedEntry {
  readonly kind: Kind;
  /** What follows the prefix in the stream's key. */
  readonly name: Buffer;
  readonly entryId: string;
  readonly payload: Buffer | undefined;
}

/**
 * Puts parked entries into a batch: as their streams have them, for a mapping may read more of them by now; of those that were trimmed away
 * since what their letters keep. The streams themselves are read far behind them.
 */
export async function retryEntries(
  batch: Batch,
  parked: readonly ParkedEntry[],
  redis: RedisConnection,
): Promise<void> {
  const streams = new Map<string, ParkedEntry[]>();
  for (const one of parked) {
    const stream = keyOf(one.kind, one.name).toString('latin1');
    streams.set(stream, [...(streams.get(stream) ?? []), one]);
  }
  for (const [first, ...others] of streams.values()) {
    if (first === undefined) continue;
    const { kind, name } = first;
    const all = [first, ...others];
    const there = await singleEntries(redis, kind, name, all.map(({ entryId }) => entryId)); // prettier-ignore
    for (const { entryId, payload } of all) {
      const kept = there.get(entryId) ?? (payload && readContents(kind, payload)) ?? gone;
      if (!isUnfit(kept)) batch.add(kept);
      else {
        const key = keyOf(kind, name);
        batch.letters.push({ kind: kind.name, key, distinction: entryId, entryId, reason: kept });
      }
    }
  }
}

const gone = new Unfit(
  'E_ENTRY_GONE',
  undefined,
  'is not in its stream any more, and no copy of it was kept',
);
