import { type Catalogue, type KindName, parentKindsOf } from '../mapping/kinds';
import { fingerprint } from '../mapping/fingerprint';
import type { LastPass, Scope } from '../pipeline/pass-runner';
import type { LeftMirror } from './mirror/going-mirror';
import type { ArchivePassReport } from './pass/report';

/** What a lane that ends leaves to one with other records that follows in the same process. */
export interface LaneHandover {
  readonly catalogue: Catalogue;
  /** The owner's number: if the next owner has the next one, there was nobody in between. */
  readonly epoch: string;
  /** The request for a pass that was heard last. */
  readonly passRequestedAt: string | null;
  readonly last: LastPass<ArchivePassReport>;
  /** Of which kinds a pass is due, whatever has changed. */
  readonly owed: ReadonlySet<KindName>;
}

export interface ArchiveHandover extends LaneHandover {
  /** Since when the intervals count, and when the next one of them ends that has not called for a pass; in milliseconds since 1970. */
  readonly startedAt: number;
  readonly nextPassAt: number;
  /** Goes on until whoever follows listens; undefined: plain writes are not followed. */
  readonly mirror: LeftMirror | undefined;
}

/**
 * Of which kinds a pass is due where a catalogue follows another one: of those that are others now, or new, or refer to such a one. Of no
 * others, for no key of theirs can have been another kind's. Pure.
 * @param epoch of the owner that follows: if there was one in between, of all
 */
export function passDue(
  { catalogue: before, owed, epoch: last }: LaneHandover,
  catalogue: Catalogue,
  epoch?: string,
): Scope {
  if (epoch === undefined || BigInt(epoch) !== BigInt(last) + 1n) return 'all';
  const due = new Set<KindName>();
  for (const [name, kind] of catalogue) {
    const was = before.get(name);
    const isOther = was === undefined || fingerprint(was) !== fingerprint(kind);
    if (isOther || owed.has(name) || parentKindsOf(kind).some((parent) => due.has(parent))) due.add(name);
  }
  return due;
}
