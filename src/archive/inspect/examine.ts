import type { Config } from '../../config/load';
import { missingGrants } from '../../connections/missing-grants';
import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { inspectServer, RedisConnection } from '../../connections/redis';
import type { RedisTarget } from '../../connections/redis-url';
import type { Catalogue } from '../../mapping/kinds';
import { type Finding, ok, problem } from '../../pipeline/finding';
import { functionLibrary, inspectLibrary, libraryError } from '../../writer/library';
import { measureSkew, skewFinding } from './examine-clocks';
import { growthFinding, measureGrowth } from './examine-growth';
import { serverHealth } from './examine-server';
import { writeFindings } from './examine-writes';
import { flagsOf, inspectNotifications, notificationsHint, setting } from '../mirror/notifications';
import { missingRights, rightsFinding } from './redis-rights';
import { examineSchema } from '../schema/examine-schema';
import { type ArchiveStoreFacts, archiveStoreFacts } from './store-facts';

type Examined = Pick<Config, 'redis' | 'catalogue' | 'mirror' | 'onDelete'>;

/** Checks Redis, Postgres and what lies between them. Reads only; never throws for what it finds. */
export async function examineArchive(config: Examined, target: PostgresTarget): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const redisWell = await collect(findings, () => redisFindings(config));
  const postgresWell = await collect(findings, () => postgresFindings(config, target));
  if (redisWell && postgresWell) {
    await collect(findings, async () => positionFindings(await archiveStoreFacts(config, target)));
    await collect(findings, () => betweenFindings(config.redis, target));
  }
  return findings;
}

async function collect(findings: Finding[], look: () => Promise<readonly Finding[]>): Promise<boolean> {
  try {
    findings.push(...(await look()));
    return true;
  } catch (error) {
    findings.push(problem(error));
    return false;
  }
}

async function redisFindings(config: Examined): Promise<readonly Finding[]> {
  const redis = new RedisConnection(config.redis, 'doctor');
  try {
    await redis.connect();
    const server = await inspectServer(redis);
    const findings = [ok(`Redis ${server.version} at ${redis.display}`)];
    findings.push(
      server.evicts
        ? {
            level: 'problem',
            what: `Redis may evict the stream and records (maxmemory-policy ${server.maxmemoryPolicy})`,
            remedy: 'Set maxmemory-policy to noeviction.',
          }
        : ok(`nothing is evicted (maxmemory-policy ${server.maxmemoryPolicy})`),
    );
    findings.push(await libraryFinding(redis), await notificationFinding(redis, config));
    findings.push(...(await persistenceFindings(redis)));
    findings.push(await rightsOf(config.redis, config.catalogue));
    return findings;
  } catch (error) {
    throw redis.translate(error);
  } finally {
    redis.close();
  }
}

async function libraryFinding(redis: RedisConnection): Promise<Finding> {
  try {
    const found = await inspectLibrary(redis.client);
    if (found === 'ours') return ok(`function library ${functionLibrary().version}`);
    return found === 'no functions'
      ? { level: 'note', what: 'this Redis has no functions: writers can use plain commands only' }
      : problem(libraryError(found));
  } catch (error) {
    return problem(redis.translate(error));
  }
}

/** Whether the daemon, with this user, can switch notifications on. A connection of its own: it cannot be used afterwards. */
async function maySetNotifications(redis: RedisTarget): Promise<boolean> {
  const asking = new RedisConnection(redis, 'doctor');
  try {
    await asking.connect();
    const missing = await missingGrants(asking.client, [['+config|set', 'CONFIG', 'SET', setting, '']]);
    return missing.size === 0;
  } finally {
    asking.close();
  }
}

async function rightsOf(redis: RedisTarget, catalogue: Catalogue): Promise<Finding> {
  const [asking, subscribing] = [new RedisConnection(redis, 'doctor'), new RedisConnection(redis, 'doctor')];
  try {
    await Promise.all([asking.connect(), subscribing.connect()]);
    return rightsFinding(await missingRights(asking.client, subscribing.client, redis.db, catalogue));
  } finally {
    asking.close();
    subscribing.close();
  }
}

/** Whether Redis keeps its data over a restart: what is not archived yet is nowhere else. */
async function persistenceFindings({ client }: RedisConnection): Promise<readonly Finding[]> {
  const info = await client.info('persistence');
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const failed = ['rdb_last_bgsave_status', 'aof_last_write_status'].filter((name) => field(name) === 'err');
  if (failed.length > 0) {
    return [
      {
        level: 'problem',
        what: `Redis cannot save to disk (${failed.join(', ')})`,
        remedy: 'Look at the Redis log; free disk space or repair its folder.',
      },
    ];
  }
  if (field('aof_enabled') === '1') return [ok('Redis keeps what is written over a restart (appendonly)')];
  return [
    {
      level: 'note',
      what: 'Redis keeps snapshots at best: what is not archived yet may be lost when it stops without warning',
      remedy: 'CONFIG SET appendonly yes, and put it into redis.conf.',
    },
  ];
}

/** Findings about clocks, and about room in Redis' memory. */
async function betweenFindings(from: RedisTarget, to: PostgresTarget): Promise<readonly Finding[]> {
  const redis = new RedisConnection(from, 'doctor');
  const postgres = new PostgresConnection(to, 'doctor');
  try {
    await redis.connect();
    return [
      skewFinding(await measureSkew(redis.client, postgres)),
      growthFinding(await measureGrowth(redis.client)),
    ];
  } catch (error) {
    throw redis.translate(error);
  } finally {
    redis.close();
    postgres.close();
  }
}

async function notificationFinding(
  { client }: RedisConnection,
  { redis, mirror, catalogue }: Examined,
): Promise<Finding> {
  if (!mirror) return { level: 'note', what: 'MIRROR=off: plain writes are found by full passes alone' };
  const found = await inspectNotifications(client, flagsOf(catalogue));
  if (found === 'on') return ok('keyspace notifications are on');
  if ('refused' in found) {
    return {
      level: 'note',
      what: `whether keyspace notifications are on cannot be told: ${found.refused}`,
      remedy: found.hint,
    };
  }
  const wanted = found.value + found.missing;
  const what = `keyspace notifications lack ${found.missing} (${setting} "${found.value}")`;
  return (await maySetNotifications(redis))
    ? {
        level: 'note',
        what,
        remedy: `The daemon adds it at its start; to keep it, put ${setting} ${wanted} into redis.conf.`,
      }
    : {
        level: 'problem',
        what: `${what}, and this Redis user may not add it: plain writes wait for the next full pass`,
        remedy: notificationsHint(wanted),
      };
}

async function postgresFindings(
  { onDelete, catalogue }: Examined,
  target: PostgresTarget,
): Promise<readonly Finding[]> {
  const postgres = new PostgresConnection(target, 'doctor');
  try {
    const { server, schema, migrated, problems, tables, stopped } = await postgres.read((client) =>
      examineSchema(client, catalogue, onDelete),
    );
    const findings: Finding[] = [
      ok(
        `Postgres ${server.version} at ${postgres.display}, schema ${schema ?? 'none'}, role ${server.role}`,
      ),
    ];
    if (migrated.complete)
      findings.push(ok(`tables and bookkeeping are in place (migration ${migrated.to})`));
    for (const { code, message, hint } of problems) {
      findings.push({ level: 'problem', what: `${message} (${code})`, remedy: hint });
    }
    if (migrated.complete)
      for (const [kind, reasons] of stopped)
        for (const { code, message, hint } of reasons)
          findings.push({
            level: 'problem',
            what: `mapping ${kind} is not served: ${message} (${code})`,
            remedy: hint,
          });
    if (schema !== null) findings.push(...(await serverHealth(postgres, schema, catalogue)));
    if (migrated.complete && problems.length === 0)
      findings.push(...(await writeFindings(postgres, tables.values())));
    return findings;
  } catch (error) {
    throw postgres.translate(error);
  } finally {
    postgres.close();
  }
}

function positionFindings({
  migrated,
  owner,
  heartbeat,
  lagRecords,
  deadLetters,
}: ArchiveStoreFacts): readonly Finding[] {
  if (!migrated) return [];
  return [
    owner === null
      ? { level: 'note', what: 'no daemon owns the stream', remedy: 'Start one: millrace run' }
      : ok(`${owner} owns the stream, last seen ${heartbeat ?? 'never'}`),
    lagRecords === 0
      ? ok('everything in the stream is in Postgres')
      : { level: 'note', what: `${lagRecords} entries of the stream are not in Postgres yet` },
    deadLetters === 0
      ? ok('no records are parked')
      : {
          level: 'problem',
          what: deadLetters === 1 ? '1 record is parked' : `${deadLetters} records are parked`,
          remedy: '`millrace dead-letters list` says why; `millrace dead-letters retry` tries again.',
        },
  ];
}
