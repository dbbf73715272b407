import type { Result } from 'ioredis';
import { readAsset } from '../../../foundation/package-root';
import type { RedisConnection } from '../../../connections/redis';
import type { OwnKind } from '../../../mapping/kinds';
import { keyOf } from '../../record/key';
import { itemFormOf } from '../../record/own/items';
import type { KeyToRestore } from './contents';
import { isScored } from './items';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** restore-keys.lua */
    millraceRestoreKeys(
      count: number,
      ...keysAndArguments: (string | Buffer)[]
    ): Result<readonly number[], Context>;
  }
}

const outcomes = { 1: 'restored', 2: 'there', 4: 'inUse' } as const;
type Outcome = (typeof outcomes)[keyof typeof outcomes];
const isKnown = (reply: number): reply is keyof typeof outcomes => reply in outcomes;

/** Writes whole keys of the user's own into Redis that are not there; each page in one atomic step. */
export class KeyRestorer {
  readonly #redis: RedisConnection;
  readonly #dryRun: boolean;

  constructor(redis: RedisConnection, dryRun: boolean) {
    this.#redis = redis;
    this.#dryRun = dryRun;
    redis.client.defineCommand('millraceRestoreKeys', {
      lua: readAsset('src/archive/warm/lua/restore-keys.lua'),
    });
  }

  /** @returns what became of each key, in order */
  async restore(kind: OwnKind, keys: readonly KeyToRestore[]): Promise<readonly Outcome[]> {
    if (keys.length === 0) return [];
    const { type, command } = writingOf(kind);
    const contents = keys.flatMap((key) => [String(key.contents.length), ...key.contents]);
    const args = [
      ...keys.map(({ id }) => keyOf(kind, id)),
      type,
      command,
      this.#dryRun ? '1' : '',
      ...contents,
    ];
    try {
      const replies = await this.#redis.client.millraceRestoreKeys(keys.length, ...args);
      return replies.map((reply) => (isKnown(reply) ? outcomes[reply] : 'inUse'));
    } catch (error) {
      throw this.#redis.translate(error);
    }
  }
}

/** The type of a kind's keys, and the command that writes one. Where a set is meant a sorted set will do, and the other way around: a daemon reads either. */
function writingOf(kind: OwnKind): { readonly type: string; readonly command: string } {
  if (kind.own.item === undefined)
    return kind.shape === 'hash' ? { type: 'hash', command: 'HSET' } : { type: 'string', command: 'SET' };
  switch (itemFormOf(kind)) {
    case 'field':
      return { type: 'hash', command: 'HSET' };
    case 'member':
      return { type: 'set or zset', command: isScored(kind) ? 'ZADD' : 'SADD' };
    case 'element':
      return { type: 'list', command: 'RPUSH' };
  }
}
