import { BehaviorSubject, distinctUntilChanged } from 'rxjs';
import type { Log } from '../../log/log';
import type { RedisConnection } from '../../connections/redis';
import type { Checkpoint } from './checkpoint';
import { requireSameRedis } from './follower';

/** How often a standby asks to be the owner. */
const everyMs = 900;
/** How long an owner gets before its incarnation is compared: a new owner writes it to Redis and to Postgres one after the other. */
const settledMs = 5_000;

export interface Gained {
  readonly is: 'gained';
  /** The owner before, if it is known. */
  readonly from: string | undefined;
  /** That owner's last sign of life, in milliseconds since 1970, if it did not give the stream up. */
  readonly silentSince: number | undefined;
}

/** Whether this instance owns the stream, or stands by for the one that does. */
export class Standing {
  readonly #checkpoint: Checkpoint;
  readonly #redis: RedisConnection;
  readonly #log: Log;
  readonly #owned = new BehaviorSubject(false);
  readonly owned$ = this.#owned.pipe(distinctUntilChanged());
  /** The owner of the stream, as far as this instance knows; undefined before it has asked. */
  owner: string | undefined;
  #askedAt = -Infinity;
  #standbySince = 0;

  constructor(checkpoint: Checkpoint, redis: RedisConnection, log: Log) {
    this.#checkpoint = checkpoint;
    this.#redis = redis;
    this.#log = log;
  }

  /** Asks to be the owner, unless it is. @returns `gained` once, when it becomes the owner. @throws E_TWO_REDIS when waiting is in vain */
  async ask(): Promise<{ readonly is: 'owner' | 'standby' } | Gained> {
    if (this.#checkpoint.owned) return { is: 'owner' };
    if (performance.now() - this.#askedAt < everyMs) return { is: 'standby' };
    this.#askedAt = performance.now();
    const from = this.owner;
    const { owned, owner, silent } = await this.#checkpoint.claim();
    this.owner = owner;
    if (owned) {
      this.#owned.next(true);
      return { is: 'gained', from: silent?.owner ?? from, silentSince: silent?.since };
    }
    if (from !== owner) {
      this.#log.info(`standing by: ${owner} owns the stream`, { event: 'standby', owner });
      this.#standbySince = performance.now();
    }
    if (performance.now() - this.#standbySince > settledMs) {
      await requireSameRedis(this.#redis, this.#checkpoint, owner);
    }
    return { is: 'standby' };
  }

  /** For when another instance has taken over. @returns whether this one was the owner */
  lost(): boolean {
    const was = this.#owned.value;
    this.owner = undefined;
    this.#owned.next(false);
    return was;
  }
}
