import type { AliasCheckpoint, MappingSet } from './checkpoint';
import { type Changelog, type ChangelogPosition, sameLog } from '../source/changelog';

/** What this instance knows from before: the incarnation it applied to and how far. */
export interface Known {
  readonly incarnation: string;
  readonly seq: number;
  readonly applies: number;
}

export const knownOf = ({ incarnation, position, applies }: AliasCheckpoint): Known => ({
  incarnation,
  seq: position?.seq ?? 0,
  applies: applies ?? 0,
});

export interface AliasJudgement {
  /**
   * `resume`: the log continues where the target is. `renew`: it does, but the target went backwards: the same under a new incarnation, by which every
   * other instance learns that a pass is owed. `adopt`: it does not; start at its head and let a full pass do the rest.
   */
  readonly action: 'resume' | 'renew' | 'adopt';
  readonly needsPass: boolean;
  /** What happened, in words, when something did. */
  readonly incident?: string;
}

/**
 * Compares the checkpoint found in Redis with the changelog of the open file and with what was last seen.
 * @param raw what the checkpoint key holds ('' = nothing). @param found the same, parsed; undefined when it is no checkpoint.
 * @param changelog undefined while the capture is not complete: then the position is kept as it is, for whoever has one.
 * @param set the mappings in force
 */
export function judgeContinuity(
  raw: string,
  found: AliasCheckpoint | undefined,
  changelog: Changelog | undefined,
  known: Known | undefined,
  set: MappingSet,
): AliasJudgement {
  if (found === undefined) {
    const lost =
      raw === ''
        ? 'Redis lost the checkpoint: flushed, or restarted without its data'
        : 'the checkpoint in Redis was overwritten with something else';
    return {
      action: 'adopt',
      needsPass: true,
      ...(known === undefined && raw === '' ? {} : { incident: lost }),
    };
  }
  if (changelog !== undefined && (found.position === null || !changelog.continues(found.position))) {
    // Passes without capture leave a checkpoint without a position: to find one at the first start with capture is no incident.
    // Other mappings have other triggers: what is theirs begins with a pass, and nothing that the others logged is lost.
    const happened = found.position !== null && !(hasOthers(found, set) && goesOn(changelog, found.position));
    return {
      action: 'adopt',
      needsPass: true,
      ...(happened
        ? {
            incident:
              'the changelog does not go on where Redis is: its triggers were missing for a while, or the SQLite file was restored or replaced',
          }
        : {}),
    };
  }
  if (known === undefined) return { action: 'resume', needsPass: false };
  if (found.incarnation !== known.incarnation) {
    return {
      action: 'resume',
      needsPass: true,
      incident: `Redis was started over by another instance (${found.by}), or restored from an older snapshot`,
    };
  }
  const back = wentBackwards(found, known);
  if (back === undefined) return { action: 'resume', needsPass: false };
  return {
    action: 'renew',
    needsPass: true,
    incident: `Redis went backwards, from ${back}: restored from an older snapshot`,
  };
}

/** From where to where, in words. What passes write moves no position, but it counts. */
function wentBackwards({ position, applies }: AliasCheckpoint, known: Known): string | undefined {
  if (position !== null && position.seq < known.seq) return `change ${known.seq} to ${position.seq}`;
  return applies !== undefined && applies < known.applies
    ? `apply ${known.applies} to ${applies}`
    : undefined;
}

/** Whether a checkpoint was left under other mappings. Those that come from no file are not in it. */
const hasOthers = ({ set: found }: AliasCheckpoint, { hash, since }: MappingSet): boolean =>
  found?.hash !== (since === 0 ? undefined : hash);

/** Whether the log itself goes on, and only its triggers are others. */
const goesOn = (changelog: Changelog, position: ChangelogPosition): boolean =>
  sameLog(position.changelog, changelog.id) && changelog.continues({ ...position, changelog: changelog.id });
