import type { Redis } from 'ioredis';
import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { Finding } from '../../pipeline/finding';

/** How far the servers' clocks are ahead of ours, in milliseconds. */
export interface Skew {
  readonly redis: number;
  readonly postgres: number;
  /** Half the time of the longest answer: a smaller difference proves nothing. */
  readonly uncertainty: number;
}

export async function measureSkew(client: Redis, postgres: PostgresConnection): Promise<Skew> {
  await postgres.query('SELECT 1'); // connects
  const redis = await against(async () => {
    const [seconds = 0, micros = 0] = await client.time();
    return seconds * 1_000 + micros / 1_000;
  });
  const other = await against(async () => {
    const [row] = await postgres.query(`SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now`);
    return Number(row?.['now']);
  });
  return {
    redis: redis.ahead,
    postgres: other.ahead,
    uncertainty: Math.max(redis.uncertainty, other.uncertainty),
  };
}

async function against(ask: () => Promise<number>) {
  const before = Date.now();
  const theirs = await ask();
  const after = Date.now();
  return { ahead: theirs - (before + after) / 2, uncertainty: (after - before) / 2 };
}

/** A difference worth a finding: Redis' clock is used to tell the lag, Postgres' for signs of life. */
const muchMs = 1_000;

/** What the clocks mean, in words. Pure. */
export function skewFinding({ redis, postgres, uncertainty }: Skew): Finding {
  const apart = Math.max(redis, postgres, 0) - Math.min(redis, postgres, 0);
  if (apart <= muchMs + uncertainty * 2)
    return {
      level: 'ok',
      what: `the clocks of Redis, Postgres and this machine agree within ${Math.max(1, Math.round(Math.max(apart, uncertainty)))} ms`,
    };
  const say = (name: string, ms: number) =>
    `${name} is ${(Math.abs(ms) / 1_000).toFixed(1)} s ${ms < 0 ? 'behind' : 'ahead of'} this machine`;
  return {
    level: 'problem',
    what: `the clocks differ: ${say('Redis', redis)}, ${say('Postgres', postgres)}`,
    remedy:
      'Let all machines follow NTP (chrony, systemd-timesyncd): until then the lag shown is off by as much. No data depends on it.',
  };
}
