import { setTimeout as delay } from 'node:timers/promises';
import { fatal } from '../../foundation/errors';
import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { RedisConnection } from '../../connections/redis';
import type { Catalogue } from '../../mapping/kinds';
import { changesStream } from '../../writer/keys';
import { judge } from '../position/continuity';
import { incarnationKey, parseFacts, readRedisFacts } from '../position/redis-facts';

/** What warm has to know of the Redis it fills, and of the daemon beside it. */
export interface Surroundings {
  /** Whether a daemon listens. */
  readonly daemon: boolean;
  /** Whether Redis is in an older state than Postgres knows, under the same incarnation: then its counters may be the only witness. */
  readonly wentBack: boolean;
}

/** `alive`: an owner that has shown no sign of life for 10 seconds is gone. */
const checkpointSql =
  `SELECT incarnation, entry_id, seen, heartbeat BETWEEN clock_timestamp() - interval '10 seconds' AND clock_timestamp() + interval '10 seconds' AS alive ` +
  'FROM millrace.checkpoint WHERE stream = $1';

/** How long incarnations may differ: a daemon that notices a flush writes a new one to one store after the other. */
const patienceMs = 3_000;
const lookMs = 100;

/** @throws E_TWO_REDIS when this is the Redis of another database */
export async function lookAround(
  redis: RedisConnection,
  postgres: PostgresConnection,
  catalogue: Catalogue,
): Promise<Surroundings> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const [row] = await postgres.query(checkpointSql, [changesStream]);
    if (row === undefined) return { daemon: false, wentBack: false };
    const { incarnation = null, entry_id: entryId, seen } = row;
    const daemon = row['alive'] === 't';
    const now = await readRedisFacts(redis, entryId ?? '0-0', catalogue).catch((error: unknown) => {
      throw redis.translate(error);
    });
    if (incarnation !== null && now.incarnation !== null && now.incarnation !== incarnation) {
      if (daemon && performance.now() < deadline) {
        await delay(lookMs);
        continue;
      }
      throw fatal(`Redis at ${redis.display} is not the one that this database archives`, {
        code: 'E_TWO_REDIS',
        hint: `Correct REDIS_URL or POSTGRES_URL. If it is an older state of the right one, start the daemon first, which adopts it; to fill it nevertheless: redis-cli DEL ${incarnationKey}`,
      });
    }
    const facts = parseFacts(seen == null ? null : JSON.parse(seen));
    const { verdict } = judge({ incarnation, entryId: entryId ?? '0-0', seen: facts }, now);
    return { daemon, wentBack: verdict === 'backwards' && now.incarnation !== null };
  }
}
