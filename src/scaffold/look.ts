import { openForReading } from '../aliases/source/file/database';
import { describeError, type ErrorReport } from '../foundation/errors';
import { PostgresConnection } from '../connections/postgres/postgres';
import type { PostgresTarget } from '../connections/postgres/postgres-url';
import type { RedisTarget } from '../connections/redis-url';
import type { Catalogue } from '../mapping/kinds';
import { type Candidate, candidateOf, type LeftOut } from './documents';
import { type FoundRedis, lookAtRedis } from './redis/look-redis';
import { type FoundPostgres, readPostgres } from './postgres-tables';
import { type FoundTable, readTables, sampleKeys } from './tables';

/** Stores that nobody has described. */
export interface Stores {
  /** undefined: there is no SQLite file. */
  readonly dbPath: string | undefined;
  readonly redis: RedisTarget;
  readonly postgres: PostgresTarget | undefined;
  readonly catalogue: Catalogue;
}

/** What is in them. A server that could not be asked has left its error. */
export interface Findings {
  readonly tables: readonly FoundTable[];
  readonly candidates: readonly (Candidate | LeftOut)[];
  readonly redis: FoundRedis | Failed;
  readonly postgres: FoundPostgres | Failed | undefined;
}

export interface Failed {
  readonly failed: ErrorReport;
}

const failed = (error: unknown): Failed => ({ failed: describeError(error) });

/** Reads, and writes nothing. @throws errors of the SQLite file, which has to be there if it is named */
export async function look({ dbPath, redis, postgres, catalogue }: Stores): Promise<Findings> {
  const { tables, candidates, keys } = dbPath === undefined ? nothing : lookAtFile(dbPath);
  const [inRedis, inPostgres] = await Promise.all([
    lookAtRedis(redis, keys, catalogue).catch(failed),
    postgres === undefined ? undefined : lookAtPostgres(postgres).catch(failed),
  ]);
  return { tables, candidates, redis: inRedis, postgres: inPostgres };
}

interface FoundFile extends Pick<Findings, 'tables' | 'candidates'> {
  /** Keys that the first rows would have. */
  readonly keys: readonly string[];
}

const nothing: FoundFile = { tables: [], candidates: [], keys: [] };

/** So many rows of a table are asked for in Redis. */
const rowsOfEach = 20;

function lookAtFile(path: string): FoundFile {
  const db = openForReading(path);
  try {
    const tables = readTables(db);
    const candidates = tables.map(candidateOf);
    const keys = candidates.flatMap((one) => {
      if (!('prefixes' in one)) return [];
      const names = sampleKeys(db, { ...one, most: rowsOfEach }).map((parts) => parts.join(':'));
      return one.prefixes.flatMap((prefix) => names.map((name) => prefix + name));
    });
    return { tables, candidates, keys };
  } finally {
    db.close();
  }
}

async function lookAtPostgres(target: PostgresTarget): Promise<FoundPostgres> {
  const connection = new PostgresConnection(target, 'config-init');
  try {
    return await readPostgres(connection);
  } finally {
    connection.close();
  }
}
