import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { RedisConnection } from '../../connections/redis';
import type { Log } from '../../log/log';
import type { Catalogue } from '../../mapping/kinds';
import type { Incidents } from '../../pipeline/incidents/incidents';
import type { Stage } from '../../pipeline/turns';
import type { Applier } from '../apply/applier';
import { keepAll } from '../delete/kept';
import type { Checkpoint } from '../position/checkpoint';
import { ArchiveFollower } from '../position/follower';
import type { Targets } from '../record/target';
import { loadLibrary } from '../schema/preparation';
import type { Echoes } from '../stream/echoes';
import { beforeAll } from '../stream/entry-id';
import type { Page } from '../tail/stream';
import type { Tail } from './tail';

export interface ArchiveFollowOptions {
  readonly redis: RedisConnection;
  readonly postgres: PostgresConnection;
  readonly catalogue: Catalogue;
  readonly checkpoint: Checkpoint;
  readonly targets: () => Targets;
  readonly applier: () => Applier;
  readonly tail: Tail;
  readonly echoes: Echoes;
  /** Called when a full pass has to follow, because changes may have gone unseen. */
  readonly onDoubt: (reason: string) => void;
  readonly incidents: Incidents;
  readonly log: Log;
}

/** Makes sure that the tail goes on where Postgres stands: Redis may have gone backwards, or be another one. */
export class Follow {
  readonly #options: ArchiveFollowOptions;
  readonly #follower: ArchiveFollower;

  constructor(options: ArchiveFollowOptions) {
    const { redis, catalogue, checkpoint, targets } = options;
    this.#options = options;
    this.#follower = new ArchiveFollower({
      ...{ redis, catalogue, checkpoint },
      keep: (transaction) => keepAll(transaction, targets()),
    });
  }

  /** Whether Redis has to be looked at before anything is applied. */
  get must(): boolean {
    return this.#follower.must;
  }

  mustLook(): void {
    this.#follower.mustLook();
  }

  readonly run: Stage = async () => {
    const { checkpoint, tail } = this.#options;
    if (checkpoint.position === undefined) {
      await checkpoint.reload();
      // Postgres may have gone back, behind what is left of the stream: the entry at its position tells, unless the tail reads on first.
      this.mustLook();
    }
    await this.#look();
    if (checkpoint.position === undefined) return 'again';
    tail.goOnFrom(checkpoint.position.entryId);
    return undefined;
  };

  /**
   * Looks at Redis once more before a page with deletions is applied: after a flush the ids start over, and the deletion of a new record
   * would be taken for that of an older one. @returns whether the page still counts
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

  /** Whether nothing of what comes by value can have been applied: its tables have no rows. */
  async #isEmpty(): Promise<boolean> {
    const { postgres, targets } = this.#options;
    for (const { kind, table } of targets().values())
      if (kind.carried === true && (await postgres.query(`SELECT FROM ${table} LIMIT 1`)).length > 0)
        return false;
    return true;
  }

  async #look(): Promise<void> {
    const { redis, applier, tail, echoes, onDoubt, incidents, log } = this.#options;
    const found = await this.#follower.look();
    if (found === undefined) return;
    if (found.verdict !== 'continue') {
      tail.reset();
      const isNew = found.verdict === 'start' && (await this.#isEmpty());
      applier().startOver(isNew ? beforeAll : found.lastGeneratedId);
    }
    if (found.incident !== undefined) {
      incidents.add(found.incident);
      echoes.clear(); // the same ids may mean other records
    }
    if (found.needsPass) onDoubt(found.incident ?? 'start');
    // After a restart the library may be missing, and writers would get "Function not found".
    if (found.restarted) await loadLibrary(redis, log);
  }
}
