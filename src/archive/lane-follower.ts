import type { Log } from '../log/log';
import type { Incidents } from '../pipeline/incidents';
import type { RedisConnection } from '../connections/redis';
import type { Applier } from './apply/applier';
import type { Catalogue } from '../mapping/kinds';
import type { Checkpoint } from './position/checkpoint';
import { Follower } from './position/follower';
import { keepAll } from './delete/kept';
import type { LaneStream } from './lane-stream';
import type { ArchivePassRunner } from './pass/pass-runner';
import { loadLibrary } from './schema/preparation';
import type { Page } from './tail/stream';
import type { Targets } from './record/target';

export interface LaneFollowerOptions {
  readonly redis: RedisConnection;
  readonly catalogue: Catalogue;
  readonly checkpoint: Checkpoint;
  readonly targets: () => Targets;
  readonly stream: LaneStream;
  readonly passes: ArchivePassRunner;
  readonly incidents: Incidents;
  readonly log: Log;
}

/** What a lane does when Redis may have gone back in time, or is another one. */
export class LaneFollower {
  readonly #options: LaneFollowerOptions;
  readonly #follower: Follower;

  constructor(options: LaneFollowerOptions) {
    const { redis, catalogue, checkpoint, targets } = options;
    this.#options = options;
    this.#follower = new Follower({
      redis,
      catalogue,
      checkpoint,
      keep: (transaction) => keepAll(transaction, targets()),
    });
  }

  /** Whether nothing may be applied before `follow`. */
  get must(): boolean {
    return this.#follower.must;
  }

  mustLook(): void {
    this.#follower.mustLook();
  }

  async follow(applier: Applier): Promise<void> {
    const { redis, stream, passes, incidents, log } = this.#options;
    const found = await this.#follower.look();
    if (found === undefined) return;
    if (found.verdict !== 'continue') {
      stream.reset();
      applier.startOver(found.lastGeneratedId);
    }
    if (found.incident !== undefined) {
      incidents.add(found.incident);
      stream.echoes.clear(); // the same ids may mean other records
    }
    if (found.needsPass) passes.restart(found.incident ?? 'start');
    // Writers would get "Function not found".
    if (found.restarted) await loadLibrary(redis, log);
  }

  /**
   * Before deletions are applied Redis is looked at once more: after a flush the ids start over, and the deletion of a new record
   * would be taken for one of its predecessor. @returns whether the page still counts
   */
  async mayDelete({ deleted }: Page, applier: Applier): Promise<boolean> {
    if (![...deleted.values()].some(({ size }) => size > 0)) return true;
    const { checkpoint } = this.#options;
    const before = checkpoint.position;
    this.mustLook();
    await this.follow(applier);
    const { position } = checkpoint;
    return position?.incarnation === before?.incarnation && position?.entryId === before?.entryId;
  }
}
