import { PostgresConnection } from '../../connections/postgres';
import type { PostgresTarget } from '../../connections/postgres-url';
import { RedisConnection } from '../../connections/redis';
import type { RedisTarget } from '../../connections/redis-url';
import { firstWriter, secondWriter } from '../position/checkpoint';

/** What the lane talks through. */
export class ArchiveConnections {
  readonly redis: RedisConnection;
  /** Its reads block. */
  readonly tail: RedisConnection;
  readonly postgres: PostgresConnection;
  /** See relay.ts. */
  readonly second: PostgresConnection;

  constructor(redis: RedisTarget, postgres: PostgresTarget) {
    this.redis = new RedisConnection(redis, 'archive');
    this.tail = new RedisConnection(redis, 'archive-tail');
    this.postgres = new PostgresConnection(postgres, firstWriter);
    this.second = new PostgresConnection(postgres, secondWriter);
  }

  /** Cuts what is in flight. */
  close(): void {
    this.postgres.close();
    this.second.close();
    this.tail.close();
    this.redis.close();
  }
}
