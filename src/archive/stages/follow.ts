import type { RedisConnection } from '../../connections/redis';
import type { Log } from '../../log/log';
import type { Incidents } from '../../pipeline/incidents';
import type { Stage } from '../../pipeline/turns';
import type { Applier } from '../apply/applier';
import { keepAll } from '../delete/kept';
import type { Checkpoint } from '../position/checkpoint';
import { Follower } from '../position/follower';
import type { Targets } from '../record/target';
import { loadLibrary } from '../schema/preparation';
import type { Echoes } from '../stream/echoes';
import type { Page } from '../tail/stream';
import type { Tail } from './tail';

export interface FollowOptions {
  readonly redis: RedisConnection;
  readonly checkpoint: Checkpoint;
  readonly targets: () => Targets;
  readonly applier: () => Applier;
  readonly tail: Tail;
  readonly echoes: Echoes;
  /** Called when a full pass has to see everything from now on. */
  readonly onDoubt: (reason: string) => void;
  readonly incidents: Incidents;
  readonly log: Log;
}

/** Makes sure that the tail goes on where Postgres stands: Redis may have gone back in time, or be another one. */
export class Follow {
  readonly #options: FollowOptions;
  readonly #follower: Follower;

  constructor(options: FollowOptions) {
    const { redis, checkpoint, targets } = options;
    this.#options = options;
    this.#follower = new Follower(redis, checkpoint, (transaction) => keepAll(transaction, targets()));
  }

  /** Whether nothing may be applied before the next turn. */
  get must(): boolean {
    return this.#follower.must;
  }

  mustLook(): void {
    this.#follower.mustLook();
  }

  readonly run: Stage = async () => {
    const { checkpoint, tail } = this.#options;
    if (checkpoint.position === undefined) await checkpoint.reload();
    await this.#look();
    if (checkpoint.position === undefined) return 'again';
    tail.goOnFrom(checkpoint.position.entryId);
    return undefined;
  };

  /**
   * Before deletions are applied Redis is looked at once more: after a flush the ids start over, and the deletion of a new record
   * would be taken for one of its predecessor. @returns whether the page still counts
   */
  async mayDelete({ deleted }: Page): Promise<boolean> {
    if (![...deleted.values()].some(({ size }) => size > 0)) return true;
    const { checkpoint } = this.#options;
    const before = checkpoint.position;
    this.mustLook();
    await this.#look();
    const { position } = checkpoint;
    return position?.incarnation === before?.incarnation && position?.entryId === before?.entryId;
  }

  async #look(): Promise<void> {
    const { redis, applier, tail, echoes, onDoubt, incidents, log } = this.#options;
    const found = await this.#follower.look();
    if (found === undefined) return;
    if (found.verdict !== 'continue') {
      tail.reset();
      applier().startOver(found.lastGeneratedId);
    }
    if (found.incident !== undefined) {
      incidents.add(found.incident);
      echoes.clear(); // the same ids may mean other records
    }
    if (found.needsPass) onDoubt(found.incident ?? 'start');
    // Writers would get "Function not found".
    if (found.restarted) await loadLibrary(redis, log);
  }
}
