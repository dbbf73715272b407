import type { Config } from '../../config/load';
import { describeError } from '../../foundation/errors';
import { PostgresConnection } from '../../connections/postgres';
import type { PostgresTarget } from '../../connections/postgres-url';
import { RedisConnection } from '../../connections/redis';
import { streamKey } from '../position/checkpoint';
import { beforeAll } from '../stream/entry-id';
import { Differences } from '../pass/differences';
import type { Found } from '../record/found';
import { keyOf } from '../record/key';
import { type KindName, kinds } from '../../mapping/kinds';
import { findTargets } from '../schema/preparation';
import { type Row, toRow } from '../record/row';
import { type Targets, targetOf } from '../record/target';
import { inRedis } from './trace-redis';
import { countRows, lettersOf, parentsOf, rowsOf } from './trace-rows';
import { scanWaiting } from './trace-stream';
import { verdictOf } from './trace-verdict';
import { TruthReader } from '../truth/truth';
import { isUnfit } from '../record/unfit';
import type { ArchiveTrace } from './record-trace';

/** The life of one record. Reads only. @param id what follows `aidb:<kind>:`. @throws what the stores throw, explained */
export async function traceRecord(
  config: Config,
  target: PostgresTarget,
  kind: KindName,
  id: Buffer,
): Promise<ArchiveTrace> {
  const redis = new RedisConnection(config.redis, 'trace');
  const postgres = new PostgresConnection(target, 'trace');
  try {
    await redis.connect();
    const targets = await targetsOf(postgres);
    // Redis after Postgres' position: what is applied meanwhile is then found in both rather than in neither.
    const checkpoint = targets === undefined ? undefined : await readCheckpoint(postgres);
    const { told, records } = await inRedis(redis, kind, id);
    const named = { key: keyOf(kind, id).toString('utf8'), kind, redis: told };
    if (targets === undefined || checkpoint === undefined)
      return { ...named, archive: null, verdict: verdictOf(named.redis, null) };
    const waiting = await scanWaiting(redis, checkpoint.position, kind, id).catch((error: unknown) => {
      throw redis.translate(error);
    });
    const shared = { postgres, targets: () => targets, strategies: config.onConflict };
    const differences = new Differences({ ...shared, truth: new TruthReader(redis) }, true);
    const different = await differences.ofRecords(records);
    const found = await inPostgres(postgres, targets, kind, id, records);
    const archive = {
      ...checkpoint,
      waiting,
      ...found,
      differences: different.map(({ change, reason, pgId, columns = [] }) => ({
        change,
        ...(reason === undefined ? {} : { reason }),
        ...(pgId === undefined ? {} : { row: pgId }),
        columns: columns.map(({ column }) => column),
      })),
    };
    return { ...named, archive, verdict: verdictOf(told, archive) };
  } finally {
    postgres.close();
    redis.close();
  }
}

/** undefined: nothing has been archived yet. */
async function targetsOf(postgres: PostgresConnection): Promise<Targets | undefined> {
  try {
    return await findTargets(postgres);
  } catch (error) {
    if (describeError(error).code === 'E_PG_NOT_MIGRATED') return undefined;
    throw error;
  }
}

async function readCheckpoint(postgres: PostgresConnection) {
  const [row] = await postgres.query('SELECT owner, entry_id FROM millrace.checkpoint WHERE stream = $1', [
    streamKey,
  ]);
  return { owner: row?.['owner'] ?? null, position: row?.['entry_id'] ?? beforeAll };
}

async function inPostgres(
  postgres: PostgresConnection,
  targets: Targets,
  kind: KindName,
  id: Buffer,
  records: readonly Found[],
) {
  const target = targetOf(targets, kind);
  const text = id.toString('latin1');
  const numbered = kinds[kind].identity !== 'keyed';
  const row = rowOf(records[0]);
  try {
    return await postgres.transaction(async (transaction) => ({
      parked: await lettersOf(transaction, kind, keyOf(kind, id)),
      rows: numbered ? await rowsOf(transaction, target, text) : [],
      counted: numbered ? null : await countRows(transaction, target, text),
      parents: row === undefined ? [] : await parentsOf(transaction, targets, row),
    }));
  } catch (error) {
    throw postgres.translate(error);
  }
}

/** What cannot become a row is told by the comparison. */
function rowOf(found: Found | undefined): Row | undefined {
  try {
    return found === undefined ? undefined : toRow(found);
  } catch (error) {
    if (isUnfit(error)) return undefined;
    throw error;
  }
}
