import { randomUUID } from 'node:crypto';
import { retryable } from '../../foundation/errors';
import type { RedisConnection } from '../../connections/redis';
import type { Transaction } from '../../connections/postgres/postgres';
import type { Catalogue } from '../../mapping/kinds';
import type { Checkpoint } from './checkpoint';
import { hasOtherMemory, judge, type ArchiveJudgement } from './continuity';
import { beforeAll } from '../stream/entry-id';
import { incarnationKey, parseFacts, readRedisFacts, type RedisFacts } from './redis-facts';

export interface Followed extends ArchiveJudgement {
  /** Redis was started again since it was last seen: what only its memory held is gone. */
  readonly restarted: boolean;
  readonly lastGeneratedId: string;
}

/** How often Redis is looked at when nothing calls for it. Less than a second, so that each idle turn of the lane does it. */
const everyMs = 900;
/** Finding a stranger's incarnation again within this time means that two archives claim one Redis; later, that Redis was replaced. */
const rivalryMs = 30_000;

export interface FollowerOptions {
  readonly redis: RedisConnection;
  readonly catalogue: Catalogue;
  readonly checkpoint: Checkpoint;
  /** Called when Redis went backwards: makes all rows `kept`, so that no later deletion reaches them. */
  readonly keep: (transaction: Transaction) => Promise<void>;
}

/** Makes sure that the Redis we read from goes on where Postgres stands, and keeps the facts in the checkpoint up to date. */
export class ArchiveFollower {
  readonly #redis: RedisConnection;
  readonly #catalogue: Catalogue;
  readonly #checkpoint: Checkpoint;
  readonly #keep: (transaction: Transaction) => Promise<void>;
  #lookedAt = -Infinity;
  #must = true;
  /** When we last replaced an incarnation that was unknown to us. */
  #tookOverAt = -Infinity;

  constructor({ redis, catalogue, checkpoint, keep }: FollowerOptions) {
    this.#redis = redis;
    this.#catalogue = catalogue;
    this.#checkpoint = checkpoint;
    this.#keep = keep;
  }

  /** Whether `look` has to come before anything is applied. */
  get must(): boolean {
    return this.#must;
  }

  /** Has `look` come before anything else is read: this may be another life of Redis. */
  mustLook(): void {
    this.#must = true;
  }

  /** Looks, if it is time. @returns what was found; the checkpoint has by then been set to where to read on */
  async look(): Promise<Followed | undefined> {
    const { position } = this.#checkpoint;
    if (position === undefined || (!this.#must && performance.now() - this.#lookedAt < everyMs))
      return undefined;
    const now = await this.#read(position.entryId);
    const seen = parseFacts(position.seen);
    const { incarnation, entryId } = position;
    const replaced = now.incarnation === incarnation ? null : now.incarnation;
    const met = replaced !== null && (await this.#checkpoint.hasMet(replaced));
    const judgement = judge({ incarnation, entryId, seen }, now, met);
    const backwards = judgement.verdict === 'backwards';
    const begins = backwards || judgement.verdict === 'start' || incarnation === null;
    const strange = backwards && replaced !== null && !met;
    if (strange) this.#requireNoRival();
    const wanted = begins ? randomUUID() : incarnation;
    const from = judgement.verdict === 'continue' ? entryId : beforeAll;
    const facts = { ...now, incarnation: wanted };
    const next = { incarnation: wanted, entryId: from, seen: facts };
    if (begins) await this.#checkpoint.begin(next, replaced, this.#keep);
    else if (from !== entryId || JSON.stringify(seen) !== JSON.stringify(facts)) {
      // Mostly it has only grown: that needs no transaction of its own.
      if (judgement.verdict === 'continue' && !judgement.needsPass && replaced === null)
        this.#checkpoint.see(facts);
      else await this.#checkpoint.note(next);
    }
    // Only now, since Postgres has just confirmed us as the owner: an incarnation written by a displaced instance would mislead its successor.
    if (now.incarnation !== wanted) await this.#claim(wanted);
    if (strange) this.#tookOverAt = performance.now();
    this.#lookedAt = performance.now();
    this.#must = false;
    return {
      ...judgement,
      restarted: seen === null || hasOtherMemory(seen, now),
      lastGeneratedId: now.stream.lastGeneratedId,
    };
  }

  async #read(entryId: string): Promise<RedisFacts> {
    try {
      return await readRedisFacts(this.#redis, entryId, this.#catalogue);
    } catch (error) {
      this.#must = true;
      throw this.#redis.translate(error);
    }
  }

  async #claim(incarnation: string): Promise<void> {
    try {
      await this.#redis.client.set(incarnationKey, incarnation);
    } catch (error) {
      throw this.#redis.translate(error);
    }
  }

  /**
   * Another archive puts an incarnation into Redis that is new each time; a Redis that goes backwards, however often, brings one that is
   * known. @throws E_TWO_ARCHIVES
   */
  #requireNoRival(): void {
    if (performance.now() - this.#tookOverAt < rivalryMs) {
      throw retryable('another Millrace archives the same Redis into another database', {
        code: 'E_TWO_ARCHIVES',
        hint: 'Stop one of them, or give each its own Redis database (REDIS_URL, REDIS_DB).',
      });
    }
  }
}

/** @throws E_TWO_REDIS when the owner of the stream archives another Redis than ours: a standby would wait for ever */
export async function requireSameRedis(
  redis: RedisConnection,
  checkpoint: Checkpoint,
  owner: string,
): Promise<void> {
  const ours = await redis.client.get(incarnationKey).catch((error: unknown) => {
    throw redis.translate(error);
  });
  const { incarnation: theirs } = await checkpoint.stored();
  if (theirs === undefined || ours === theirs) return;
  throw retryable(`${owner} archives another Redis than ${redis.display} into this database`, {
    code: 'E_TWO_REDIS',
    hint: 'Stop one of the two, or give each Redis a Postgres database of its own (POSTGRES_URL).',
  });
}
