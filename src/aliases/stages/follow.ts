import type { Incidents } from '../../pipeline/incidents/incidents';
import type { Stage } from '../../pipeline/turns';
import type { PauseState } from '../../pipeline/pause';
import type { AliasFollower } from '../sink/follower';
import type { AliasSink } from '../sink/sink';
import type { Keep } from './keep';

export interface AliasFollowOptions {
  readonly keep: Keep;
  readonly follower: AliasFollower;
  readonly sink: AliasSink;
  readonly pause: PauseState;
  readonly incidents: Incidents;
  /** Called when a full pass has to follow, because changes may have gone unseen. */
  readonly onDoubt: (reason: string) => void;
}

/** Makes sure that our checkpoint is the one in Redis and the changelog goes on from there. Skipped during a pause, for it may write. */
export const follow =
  ({ keep, follower, sink, pause, incidents, onDoubt }: AliasFollowOptions): Stage =>
  async () => {
    if (pause.current !== undefined) return undefined;
    const found = await follower.look(keep.source);
    if (sink.foundAt !== undefined) incidents.found(sink.foundAt);
    if (found?.incident !== undefined) incidents.add(found.incident);
    if (found?.needsPass === true) onDoubt(found.incident ?? 'start');
    return undefined;
  };
