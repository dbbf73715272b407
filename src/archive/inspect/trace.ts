import type { ArchiveRecords } from '../../config/load';
import { describeError, fatal } from '../../foundation/errors';
import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { RedisConnection } from '../../connections/redis';
import { changesStream } from '../../writer/keys';
import { beforeAll } from '../stream/entry-id';
import { Differences } from '../pass/differences';
import type { Found } from '../record/found';
import { keyOf } from '../record/key';
import { type Catalogue, isOwn, type Kind, type KindName, kindOf } from '../../mapping/kinds';
import { lookAtTables } from '../schema/preparation';
import { type Row, toRow } from '../record/row';
import { type Targets, targetOf } from '../record/target';
import { streamVerdict } from './stream-verdict';
import { traceStream } from './trace-entries';
import { inRedis } from './trace-redis';
import { countItems, countRows, lettersOf, ownRowsOf, parentsOf, rowsOf } from './trace-rows';
import { scanWaiting } from './trace-stream';
import { verdictOf } from './trace-verdict';
import { TruthReader } from '../truth/truth';
import { isUnfit } from '../record/unfit';
import type { ArchiveTrace } from './record-trace';

/**
 * Where one record is, or a stream of the user's own with its many. Reads only. @param id the part of its key after the prefix
 * @param entryId of one entry of such a stream. @throws the stores' errors, explained
 */
export async function traceRecord(
  config: ArchiveRecords,
  target: PostgresTarget,
  name: KindName,
  id: Buffer,
  entryId?: string,
): Promise<ArchiveTrace> {
  const redis = new RedisConnection(config.redis, 'trace');
  const postgres = new PostgresConnection(target, 'trace');
  try {
    await redis.connect();
    const { catalogue } = config;
    const kind = kindOf(catalogue, name);
    const { targets, stopped = [] } = await tablesOf(postgres, catalogue);
    const reason = stopped.find((one) => one.kind === name);
    if (reason !== undefined)
      throw fatal(`mapping ${name} is not served: ${reason.message}`, {
        code: 'E_PG_SCHEMA',
        hint: reason.hint,
      });
    // The position is read before Redis: an entry that is applied in between then shows up in both, rather than in neither.
    const checkpoint = targets === undefined ? undefined : await readCheckpoint(postgres);
    const { told, records } = await inRedis(redis, catalogue, kind, id, entryId);
    const named = { key: keyOf(kind, id).toString('utf8'), kind: name, redis: told };
    if (targets === undefined || checkpoint === undefined)
      return { ...named, archive: null, verdict: verdictOf(named.redis, null) };
    const waiting = await scanWaiting(redis, checkpoint.position, kind, id).catch((error: unknown) => {
      throw redis.translate(error);
    });
    const shared = { postgres, targets: () => targets, strategies: config.onConflict };
    const differences = new Differences({ ...shared, truth: new TruthReader(redis, catalogue) }, true);
    const different = await differences.ofRecords(records);
    const found = await inPostgres(postgres, targets, kind, { id, entryId, records });
    const archive = {
      ...checkpoint,
      waiting,
      ...found,
      stream:
        isOwn(kind) && kind.shape === 'entries'
          ? await traceStream({ redis, postgres }, kind, id, entryId)
          : null,
      differences: different.map(({ change, reason, pgId, columns = [] }) => ({
        change,
        ...(reason === undefined ? {} : { reason }),
        ...(pgId === undefined || isOwn(kind) ? {} : { row: pgId }),
        columns: columns.map(({ column }) => column),
      })),
    };
    return { ...named, archive, verdict: streamVerdict(told, archive) ?? verdictOf(told, archive) };
  } finally {
    postgres.close();
    redis.close();
  }
}

/** The archive's tables; none: nothing has been archived yet. */
async function tablesOf(
  postgres: PostgresConnection,
  catalogue: Catalogue,
): Promise<Partial<Awaited<ReturnType<typeof lookAtTables>>>> {
  try {
    return await lookAtTables(postgres, catalogue);
  } catch (error) {
    if (describeError(error).code === 'E_PG_NOT_MIGRATED') return {};
    throw error;
  }
}

async function readCheckpoint(postgres: PostgresConnection) {
  const [row] = await postgres.query('SELECT owner, entry_id FROM millrace.checkpoint WHERE stream = $1', [
    changesStream,
  ]);
  return { owner: row?.['owner'] ?? null, position: row?.['entry_id'] ?? beforeAll };
}

async function inPostgres(
  postgres: PostgresConnection,
  targets: Targets,
  kind: Kind,
  {
    id,
    entryId,
    records,
  }: { readonly id: Buffer; readonly entryId: string | undefined; readonly records: readonly Found[] },
) {
  const { name, identity } = kind;
  const target = targetOf(targets, name);
  const text = id.toString('latin1');
  const numbered = identity !== 'keyed';
  const row = rowOf(records[0]);
  try {
    return await postgres.transaction(async (transaction) => ({
      parked: await lettersOf(transaction, name, keyOf(kind, id), entryId),
      rows: isOwn(kind)
        ? kind.shape === 'items'
          ? []
          : await ownRowsOf(transaction, target, kind, id, entryId)
        : numbered
          ? await rowsOf(transaction, target, text)
          : [],
      counted:
        isOwn(kind) && kind.shape === 'items'
          ? await countItems(transaction, target, kind, id)
          : numbered
            ? null
            : await countRows(transaction, target, text),
      parents: row === undefined ? [] : await parentsOf(transaction, targets, row),
    }));
  } catch (error) {
    throw postgres.translate(error);
  }
}

/** The row that a record becomes; undefined for an unfit one, of which the comparison tells. */
function rowOf(found: Found | undefined): Row | undefined {
  try {
    return found === undefined ? undefined : toRow(found);
  } catch (error) {
    if (isUnfit(error)) return undefined;
    throw error;
  }
}
