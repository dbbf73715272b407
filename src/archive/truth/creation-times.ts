import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import type { Kind } from '../../mapping/kinds';
import type { Identity } from '../record/identity';
import { instant } from '../record/instant';
import { isUnfit } from '../record/unfit';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** creation-times.lua */
    millraceCreationTimesBuffer(keys: 0, prefix: string, field: string, ids: string): Result<Buffer, Context>;
  }
}

/** Of how many records the times are asked for at once: writers wait while the script runs, for one or two milliseconds. */
export const mostTimes = 1_000;

const noSuchKey = '-';
const lineFeed = 0x0a;

/** A record, and what creation-times.lua tells of its time. */
export interface Timed {
  readonly id: string;
  readonly time: Buffer;
}

/** Reads the creation times of records, and nothing else of them. */
export class CreationTimes {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    connection.client.defineCommand('millraceCreationTimes', {
      lua: readAsset('src/archive/truth/lua/creation-times.lua'),
    });
  }

  /** @param ids numbers, `mostTimes` or not many more @returns a line for each */
  async read({ prefix, created = '' }: Kind, ids: readonly string[]): Promise<Buffer> {
    if (ids.length === 0) return Buffer.alloc(0);
    try {
      return await this.#connection.client.millraceCreationTimesBuffer(0, prefix, created, ids.join('\n'));
    } catch (error) {
      throw this.#connection.translate(error);
    }
  }

  /** The identities of records. @param ids any count of numbers */
  async identities(kind: Kind, ids: readonly string[]): Promise<Identities> {
    const timed: Timed[] = [];
    for (let at = 0; at < ids.length; at += mostTimes) {
      const some = ids.slice(at, at + mostTimes);
      timed.push(...timesIn(some, await this.read(kind, some)));
    }
    return identitiesIn(timed);
  }
}

/** What a reply says of the records that were asked for. */
export function* timesIn(ids: readonly string[], lines: Buffer): Generator<Timed> {
  let from = 0;
  for (const id of ids) {
    const end = lines.indexOf(lineFeed, from);
    const to = end < 0 ? lines.length : end;
    yield { id, time: lines.subarray(from, to) };
    from = to + 1;
  }
}

export interface Identities {
  readonly identities: readonly Identity[];
  /** The records that have no time that can be read. */
  readonly unfit: readonly string[];
}

/** Those of which there is nothing in Redis are in neither. */
export function identitiesIn(timed: readonly Timed[]): Identities {
  const identities: Identity[] = [];
  const unfit: string[] = [];
  for (const { id, time } of timed) {
    if (time.toString('latin1') === noSuchKey) continue;
    try {
      identities.push({ id, created: instant('created_at', time) });
    } catch (error) {
      if (!isUnfit(error)) throw error;
      unfit.push(id);
    }
  }
  return { identities, unfit };
}
