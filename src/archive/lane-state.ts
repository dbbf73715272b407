import type { LaneState, Turns } from '../pipeline/turns';
import type { Parked } from './letters/parked';
import type { ArchivePassReport } from './pass/report';
import type { Checkpoint } from './position/checkpoint';
import type { StreamPosition } from './position/claimed-position';
import type { Standing } from './position/standing';
import type { RefusedKind, Refusals } from './refusals';
import type { StoppedMapping } from './schema/preparation';
import type { Prepare } from './stages/prepare';
import type { Tail } from './stages/tail';
import type { EntryReader } from './truth/entry-reader';

export interface ArchiveLaneState extends LaneState<ArchivePassReport> {
  /** `uncertain`: this instance was the owner, but Postgres has not confirmed that for so long that another may have taken over. */
  readonly role: 'owner' | 'uncertain' | 'standby' | 'starting';
  /** Whether this instance owns the stream, as far as it knows. */
  readonly owned: boolean;
  /** host:pid of the owner; undefined: this instance has not asked yet. */
  readonly owner: string | undefined;
  readonly position: StreamPosition | undefined;
  /** The last entry known to be applied. */
  readonly entryId: string;
  /** When the oldest entry not yet applied was written; undefined: in step. */
  readonly behindSince: number | undefined;
  /** About how many entries wait in streams of the user's own that are not read to their end. */
  readonly entriesLeft: number;
  readonly deadLetters: number;
  readonly refusals: readonly RefusedKind[];
  /** Mappings of the user's own whose tables cannot take their records. */
  readonly stopped: readonly StoppedMapping[];
  readonly evicts: boolean;
}

interface LaneParts {
  readonly turns: Turns<ArchivePassReport>;
  readonly checkpoint: Checkpoint;
  readonly standing: Standing;
  readonly tail: Tail;
  readonly entries: EntryReader;
  readonly parked: Parked;
  readonly refusals: Refusals;
  readonly prepare: Prepare;
}

/** A lane as it is at this moment. */
export function laneState(parts: LaneParts): ArchiveLaneState {
  const { turns, checkpoint, standing, tail, entries, parked, refusals, prepare } = parts;
  const { owned, certain, position } = checkpoint;
  const waits = standing.owner === undefined ? 'starting' : 'standby';
  return {
    ...turns.state,
    role: owned ? (certain ? 'owner' : 'uncertain') : waits,
    owned,
    owner: standing.owner,
    position,
    entryId: tail.entryId,
    behindSince: tail.behindSince,
    entriesLeft: entries.left,
    deadLetters: parked.count,
    refusals: refusals.list,
    stopped: prepare.stopped,
    evicts: prepare.evicts,
  };
}
