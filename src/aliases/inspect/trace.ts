import type { Database } from 'better-sqlite3';
import type { AliasStores } from '../../config/load';
import { inspectServer, RedisConnection } from '../../connections/redis';
import { changesBefore } from './changes-before';
import { type AliasTable, keyExpression } from '../source/catalogue';
import type { AliasCheckpoint } from '../sink/checkpoint';
import { openForReading, sqliteError } from '../source/file/database';
import { quoteIdentifier } from '../source/identifiers';
import { type AliasCase, foldAlias, keyPrefix } from '../../mapping/alias-tables';
import { readValues } from '../sink/read-keys';
import { AliasSink } from '../sink/sink';
import { AliasSource } from '../source/source';
import { longestId } from '../source/truth-statements';
import { sourceOptions } from '../source/source-options';

/** A row of the changelog that names the key. */
export interface Nominating {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether it is applied: at or before the checkpoint. */
  readonly consumed: boolean;
}

/** Where one alias is. */
export interface AliasTrace {
  readonly key: string;
  readonly type: string;
  readonly alias: string;
  /** null: there is no table for this type, and `message` says why. */
  readonly table: string | null;
  readonly message?: string;
  /** At most 100; `more` says whether there are others. */
  readonly rows: readonly {
    readonly rowid: string | null;
    readonly id: string | null;
    readonly alias: string;
  }[];
  readonly more: boolean;
  /** The value that Redis should have, going by the rows; null: no key. */
  readonly expected: string | null;
  /** The value that Redis has; null: no key. */
  readonly redis: string | null;
  /** Rows of the changelog that name the alias, newest first: 20 at most, of the newest `looked` rows. */
  readonly changelog: readonly Nominating[];
  readonly looked: number;
  /** How many rows of the changelog come before the oldest one of this alias that is not applied; null: all are applied. */
  readonly before: number | null;
  readonly verdict: {
    readonly state: 'applied' | 'waiting' | 'not captured' | 'unserved' | 'unknown';
    readonly sentence: string;
  };
}

const mostRows = 100;
/** How many rows of the changelog are read: it has no index on aliases, for writers would pay for that. */
const mostChanges = 500_000;

/** Where one alias is. Reads SQLite and Redis, writes neither. @param as the alias as in its key, or as a row may spell it */
export async function traceAlias(stores: AliasStores, type: string, as: string): Promise<AliasTrace> {
  const { dbPath: path, aliasCase } = stores;
  const source = AliasSource.open(sourceOptions(stores));
  const connection = new RedisConnection(stores.redis, 'trace');
  const db = openForReading(path);
  try {
    await connection.connect();
    await inspectServer(connection);
    const alias = aliasCase === 'lower' ? foldAlias(as) : as;
    const key = keyPrefix(type) + alias;
    const { checkpoint } = await new AliasSink(connection).load();
    // MGET, not GET: a key of another Redis type is none of ours, and no error.
    const [redis = null] = await readValues(connection, [key]);
    const entry = source.entries.find(({ mapping }) => mapping.type === type);
    const table = entry?.state === 'served' ? entry : undefined;
    const [value = ''] = source.truths.get(type)?.lookUp([alias]) ?? [];
    const { changelog } = source;
    const found = {
      ...(table === undefined ? { rows: [], more: false } : rowsOf(db, table, alias, aliasCase)),
      expected: value === '' ? null : value,
      ...(changelog === undefined
        ? { changelog: [], looked: 0, before: null }
        : changesOf(db, changelog.id, checkpoint, { type, alias, aliasCase })),
    };
    const told = {
      key,
      type,
      alias,
      table: table?.table ?? null,
      ...(entry?.state === 'unserved' ? { message: entry.message } : {}),
      redis,
      ...found,
    };
    return { ...told, verdict: verdictOf(told, changelog !== undefined) };
  } catch (error) {
    throw sqliteError(error, path);
  } finally {
    db.close();
    connection.close();
    source.close();
  }
}

function rowsOf(db: Database, table: AliasTable, alias: string, aliasCase: AliasCase) {
  const rowid = table.rowid === undefined ? 'NULL' : `CAST(t.${table.rowid} AS TEXT)`;
  const id = `t.${quoteIdentifier(table.idColumn)}`;
  const rows = db
    .prepare<[string, number], AliasTrace['rows'][number]>(
      `SELECT ${rowid} AS rowid, CASE WHEN typeof(${id}) <> 'blob' AND octet_length(${id}) <= ${longestId} THEN CAST(${id} AS TEXT) END AS id,
         CAST(t.${quoteIdentifier(table.aliasColumn)} AS TEXT) AS alias
       FROM ${quoteIdentifier(table.table)} AS t WHERE ${keyExpression(table, aliasCase, 't.')} = ? LIMIT ?`,
    )
    .all(alias, mostRows + 1);
  return { rows: rows.slice(0, mostRows), more: rows.length > mostRows };
}

interface Wanted {
  readonly type: string;
  readonly alias: string;
  readonly aliasCase: AliasCase;
}

function changesOf(
  db: Database,
  id: string,
  checkpoint: AliasCheckpoint | undefined,
  { type, alias, aliasCase }: Wanted,
) {
  const position = checkpoint?.position?.changelog === id ? checkpoint.position.seq : undefined;
  const named = aliasCase === 'lower' ? 'LOWER(alias)' : 'CAST(alias AS TEXT)';
  const newest = db.prepare<[], number>('SELECT max(seq) FROM millrace_changelog').pluck().get() ?? 0;
  const from = newest - mostChanges;
  const found = db
    .prepare<[number, string, string], { seq: number; at: number }>(
      `SELECT seq, at FROM millrace_changelog WHERE seq > ? AND type = ? AND typeof(alias) <> 'blob' AND ${named} = ?
       ORDER BY seq DESC LIMIT 20`,
    )
    .all(from, type, alias);
  const changelog = found.map(({ seq, at }) => ({
    seq,
    at,
    consumed: position !== undefined && seq <= position,
  }));
  const before = changesBefore(db, changelog, position);
  return { changelog, looked: Math.min(newest, mostChanges), before };
}

/** Whether the alias is in step, and what happens next, in one sentence. Pure. */
function verdictOf(
  { table, message, type, rows, expected, redis, changelog, before }: Omit<AliasTrace, 'verdict'>,
  captured: boolean,
): AliasTrace['verdict'] {
  if (table === null) {
    const why = message ?? `ALIAS_TABLES names no table for the type ${type}`;
    return { state: 'unserved', sentence: `${why}: keys of this type are left as they are.` };
  }
  if (redis === expected) {
    if (before === null && expected === null && changelog.length === 0 && rows.length === 0)
      return { state: 'unknown', sentence: `Neither in ${table} nor in Redis: nobody has written it.` };
    return {
      state: 'applied',
      sentence:
        expected === null
          ? 'Applied: no row has a usable id, and there is no key.'
          : 'Applied: the key is as the table says.',
    };
  }
  const oldest = changelog.findLast(({ consumed }) => !consumed);
  if (oldest !== undefined)
    return {
      state: 'waiting',
      sentence: `Waiting in the changelog since ${new Date(oldest.at).toISOString()}, ${before ?? 0} changes before it; a running daemon applies it at once.`,
    };
  return {
    state: 'not captured',
    sentence: captured
      ? 'The key is not as the table says, and no change waits: the next full pass repairs it (`millrace reconcile` runs one now).'
      : 'The key is not as the table says, and changes are not captured: the next full pass brings it (`millrace capture status` says why).',
  };
}
