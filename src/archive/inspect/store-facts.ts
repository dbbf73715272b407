import type { Config } from '../../config/load';
import type { Incident } from '../../pipeline/incidents/incident';
import type { Pause } from '../../pipeline/pause';
import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { RedisConnection } from '../../connections/redis';
import { archiveIncidentStore } from '../position/incident-store';
import { archivePauseStore } from '../position/pause-store';
import { changesStream } from '../../writer/keys';
import { compareEntryIds } from '../stream/entry-id';
import { entryIdsAfter } from '../stream/entry-ids';
import { isHeavy } from '../stream/light-stream';

/** What `status` can tell without a daemon, from Redis and Postgres alone. Times as Postgres prints them. */
export interface ArchiveStoreFacts {
  readonly migrated: boolean;
  readonly owner: string | null;
  readonly heartbeat: string | null;
  readonly entryId: string | null;
  readonly streamLength: number;
  /** How many entries come after the position; of a stream that takes more than MAX_RECORD_SIZE, how many it has in all. */
  readonly lagRecords: number;
  readonly deadLetters: number;
  readonly inStep: boolean;
  readonly paused: Pause | null;
  readonly incidents: readonly Incident[];
}

export async function archiveStoreFacts(
  config: Pick<Config, 'redis'>,
  target: PostgresTarget,
): Promise<ArchiveStoreFacts> {
  const redis = new RedisConnection(config.redis, 'status');
  const postgres = new PostgresConnection(target, 'status');
  try {
    await redis.connect();
    const streamLength = await redis.client.xlen(changesStream);
    const [there] = await postgres.query(`SELECT to_regclass('millrace.checkpoint') IS NOT NULL AS there`);
    if (there?.['there'] !== 't') {
      const nothing = { owner: null, heartbeat: null, entryId: null, deadLetters: 0 };
      return {
        migrated: false,
        ...nothing,
        streamLength,
        lagRecords: streamLength,
        inStep: false,
        paused: null,
        incidents: [],
      };
    }
    const [row] = await postgres.query(
      'SELECT owner, heartbeat, entry_id, (SELECT count(*) FROM millrace.dead_letters) AS letters ' +
        'FROM (SELECT) one LEFT JOIN millrace.checkpoint ON stream = $1',
      [changesStream],
    );
    const entryId = row?.['entry_id'] ?? null;
    const lagRecords =
      entryId === null
        ? streamLength
        : await entriesAfter(redis, entryId).catch((error: unknown) => {
            if (isHeavy(error)) return streamLength;
            throw error;
          });
    return {
      migrated: true,
      owner: row?.['owner'] ?? null,
      heartbeat: row?.['heartbeat'] ?? null,
      entryId,
      streamLength,
      lagRecords,
      deadLetters: Number(row?.['letters'] ?? 0),
      inStep: entryId !== null && lagRecords === 0,
      paused: (await archivePauseStore(postgres).read()) ?? null,
      incidents: await archiveIncidentStore(postgres).read(),
    };
  } catch (error) {
    throw redis.translate(error);
  } finally {
    postgres.close();
    redis.close();
  }
}

/** Entries are counted up to this number. */
const countedAtMost = 1_000_000;
const page = 1_000;

async function entriesAfter(redis: RedisConnection, entryId: string): Promise<number> {
  let from = entryId;
  let count = 0;
  while (count < countedAtMost) {
    const ids = await entryIdsAfter(redis, from, page);
    count += ids.length;
    const last = ids.at(-1);
    if (ids.length < page || last === undefined || compareEntryIds(last, from) <= 0) return count;
    from = last;
  }
  return countedAtMost;
}
