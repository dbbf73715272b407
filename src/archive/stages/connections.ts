import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { RedisConnection } from '../../connections/redis';
import type { RedisTarget } from '../../connections/redis-url';
import { firstWriter, secondWriter } from '../position/checkpoint';

/** The connections of a lane. */
export class ArchiveConnections {
  readonly redis: RedisConnection;
  /** A connection of its own, because its reads block. */
  readonly tail: RedisConnection;
  readonly postgres: PostgresConnection;
  /** The writers beside the first, see relay.ts: so many that two of them are at work while one commits. */
  readonly others: readonly PostgresConnection[];

  constructor(redis: RedisTarget, postgres: PostgresTarget) {
    this.redis = new RedisConnection(redis, 'archive');
    this.tail = new RedisConnection(redis, 'archive-tail');
    this.postgres = new PostgresConnection(postgres, firstWriter);
    this.others = [1, 2].map(() => new PostgresConnection(postgres, secondWriter));
  }

  /** Closes all connections, and so cuts what is in flight. @param leavesRedis but that of the mirror, which goes on */
  close(leavesRedis = false): void {
    this.postgres.close();
    for (const other of this.others) other.close();
    this.tail.close();
    if (!leavesRedis) this.redis.close();
  }
}
