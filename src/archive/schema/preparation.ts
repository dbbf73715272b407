import { describeError } from '../../foundation/errors';
import type { Log } from '../../log/log';
import { inspectServer, type RedisConnection, type RedisServer } from '../../connections/redis';
import { changesStream } from '../../writer/keys';
import { ensureLibrary } from '../../writer/library';
import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { Catalogue, KindName } from '../../mapping/kinds';
import { examineSchema } from './examine-schema';
import type { MappedBefore } from './mapped';
import { migrate } from './migrate';
import { problemsError } from './problems';
import { renewStream } from '../position/renew-stream';
import { quoteName, type Target, type Targets } from '../record/target';

/**
 * Checks the server, warns of what is dangerous about it, loads the function library, and makes sure that the stream is one.
 * @throws what `inspectServer` throws
 */
export async function inspectRedis(
  redis: RedisConnection,
  log: Log,
  onIncident: (what: string) => void,
): Promise<RedisServer> {
  const server = await inspectServer(redis);
  if (server.evicts) {
    log.warn(`Redis may evict the stream ${changesStream} (maxmemory-policy ${server.maxmemoryPolicy})`, {
      event: 'redis.evicts',
      hint: 'Set maxmemory-policy to noeviction: full passes bring back what was lost, but only while the records exist.',
    });
  }
  await loadLibrary(redis, log);
  await renewStream(redis, onIncident).catch((error: unknown) => {
    throw redis.translate(error);
  });
  return server;
}

/** Loads the function library; only warns if that is refused, for writers and archive can do without. @throws only when the connection fails */
export async function loadLibrary(redis: RedisConnection, log: Log): Promise<void> {
  try {
    const done = await ensureLibrary(redis.client);
    if (done !== 'current') log.info(`function library ${done} in Redis`, { event: 'functions.loaded' });
  } catch (error) {
    const translated = redis.translate(error);
    if (describeError(translated).code === 'E_REDIS_UNREACHABLE') throw translated;
    log.failure('warn', translated, { event: 'functions.missing', pipeline: 'archive' });
  }
}

/** Migrates the database. @param only of the user's own mappings these alone, and nothing else @throws E_PG_… with what to do about a thing that cannot be made */
export async function prepareSchema(
  postgres: PostgresConnection,
  catalogue: Catalogue,
  log: Log,
  only?: ReadonlySet<KindName>,
): Promise<void> {
  try {
    const { steps, database, failed } = await postgres.lend((client) =>
      migrate(client, { catalogue, ...(only === undefined ? {} : { only }) }),
    );
    for (const { kind, message, hint } of failed)
      log.warn(`mapping ${kind} cannot be served: ${message}`, { event: 'mapping.stopped', kind, hint });
    if (steps.length === 0) return;
    log.info(`prepared Postgres: ${steps.length} things made in ${database}`, { event: 'schema.made' });
    for (const { thing } of steps) log.debug(`made in Postgres: ${thing}`, { event: 'schema.made' });
  } catch (error) {
    throw postgres.translate(error);
  }
}

/** A mapping of the user's own whose table cannot take its records. */
export interface StoppedMapping {
  readonly kind: KindName;
  readonly message: string;
  readonly hint: string;
}

/** The tables as they are now. @throws E_PG_… (fatal) when the archive cannot be written to them */
export const findTargets = async (...how: Parameters<typeof lookAtTables>): Promise<Targets> =>
  (await lookAtTables(...how)).targets;

/** The same, and the mappings of the user's own that have no target, because their tables cannot take their records, or that were taken out. */
export async function lookAtTables(
  postgres: PostgresConnection,
  catalogue: Catalogue,
  onDelete: 'keep' | 'delete' = 'keep',
): Promise<{
  readonly targets: Targets;
  readonly stopped: readonly StoppedMapping[];
  readonly takenOut: readonly MappedBefore[];
}> {
  let examination;
  try {
    examination = await postgres.read((client) => examineSchema(client, catalogue, onDelete));
  } catch (error) {
    throw postgres.translate(error);
  }
  const [problem, ...others] = examination.problems;
  if (problem !== undefined) throw problemsError([problem, ...others]);
  const stopped = [...examination.stopped].map(([kind, problems]) => ({
    kind,
    message: problems.map(({ message }) => message).join('; '),
    hint: [...new Set(problems.map(({ hint }) => hint))].join(' '),
  }));
  const targets = new Map<KindName, Target>();
  for (const [name, kind] of catalogue) {
    if (examination.stopped.has(name)) continue;
    const table = examination.tables.get(name);
    if (table === undefined || (table.sequence === null && kind.own === undefined))
      throw new Error(`${kind.table} was not examined`);
    targets.set(name, {
      kind,
      table: `${quoteName(table.schema)}.${quoteName(table.name)}`,
      sequence: table.sequence?.name ?? '', // the user's own get no ids from us
      types: new Map(table.columns.map((column) => [column.name, column.type])),
    });
  }
  return { targets, stopped, takenOut: examination.takenOut };
}
