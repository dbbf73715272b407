import type { Config } from '../config';
import { PostgresConnection } from '../postgres';
import type { PostgresTarget } from '../postgres-url';
import { inspectServer, RedisConnection } from '../redis';
import { type Finding, ok, problem } from '../status/finding';
import { functionLibrary } from '../writer/library';
import { inspectNotifications } from './notifications';
import { examineSchema } from './schema/examine';
import { type ArchiveStoreFacts, archiveStoreFacts } from './store-facts';

/** Checks Redis, Postgres and what lies between them. Reads only; never throws for what it finds. */
export async function examineArchive(config: Config, target: PostgresTarget): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const redisWell = await collect(findings, () => redisFindings(config));
  const postgresWell = await collect(findings, () => postgresFindings(config, target));
  if (redisWell && postgresWell) {
    await collect(findings, async () => positionFindings(await archiveStoreFacts(config, target)));
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

async function redisFindings(config: Config): Promise<readonly Finding[]> {
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
    findings.push(await libraryFinding(redis), await notificationFinding(redis, config.mirror));
    return findings;
  } catch (error) {
    throw redis.translate(error);
  } finally {
    redis.close();
  }
}

async function libraryFinding(redis: RedisConnection): Promise<Finding> {
  const remedy = '`millrace migrate` loads it, and so does the daemon at its start.';
  try {
    const found = String(await redis.client.call('FCALL', 'millrace_version', '0'));
    if (found === functionLibrary().version) return ok(`function library ${found}`);
    return { level: 'note', what: `function library of another version: ${found}`, remedy };
  } catch {
    return {
      level: 'note',
      what: 'the function library is not loaded: writers can use plain commands only',
      remedy,
    };
  }
}

async function notificationFinding({ client }: RedisConnection, mirror: boolean): Promise<Finding> {
  if (!mirror) return { level: 'note', what: 'MIRROR=off: plain writes are found by full passes alone' };
  const found = await inspectNotifications(client);
  if (found === 'on') return ok('keyspace notifications are on');
  if ('refused' in found) {
    return {
      level: 'note',
      what: `whether keyspace notifications are on cannot be told: ${found.refused}`,
      remedy: found.hint,
    };
  }
  return {
    level: 'note',
    what: `keyspace notifications lack ${found.missing} (notify-keyspace-events "${found.value}")`,
    remedy: `The daemon adds it at its start; to keep it, put notify-keyspace-events ${found.value}${found.missing} into redis.conf.`,
  };
}

async function postgresFindings({ onDelete }: Config, target: PostgresTarget): Promise<readonly Finding[]> {
  const postgres = new PostgresConnection(target, 'doctor');
  try {
    const { server, schema, migrated, problems } = await postgres.lend((client) =>
      examineSchema(client, onDelete),
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
          what: `${deadLetters} records are parked`,
          remedy: '`millrace dead-letters list` says why; `millrace dead-letters retry` tries again.',
        },
  ];
}
