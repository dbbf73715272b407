import type Database from 'better-sqlite3';
import type Redis from 'ioredis';
import { travel, type Travelled } from './travel';

export interface AliasJourneyStores {
  readonly db: Database.Database;
  readonly redis: Redis;
  /** Aborts to stop looking for a change. */
  readonly signal: AbortSignal;
}

const insert = (alias: string) => `INSERT INTO team_aliases (team_id, alias) VALUES (1, '${alias}')`;
const remove = (alias: string) => `DELETE FROM team_aliases WHERE alias = '${alias}'`;

/** An alias is inserted, moved to another team, and deleted: the three tests of the alias document. */
export async function* threeTests(stores: AliasJourneyStores): AsyncGenerator<Travelled> {
  const alias = freeAlias(stores.db);
  const update = `UPDATE team_aliases SET team_id = 2 WHERE alias = '${alias}'`;
  try {
    yield await toRedis(stores, { sql: insert(alias), alias, wanted: '["1"]' });
    yield await toRedis(stores, { sql: update, alias, wanted: '["2"]' });
    yield await toRedis(stores, { sql: remove(alias), alias, wanted: null });
  } finally {
    stores.db.exec(remove(alias)); // in case it was stopped half-way
  }
}

/** `rmcf`, as in the document, unless a reader has inserted it already. */
function freeAlias(db: Database.Database): string {
  const rows = db.prepare('SELECT 1 FROM team_aliases WHERE alias = ?');
  for (let number = 1; ; number++) {
    const alias = number === 1 ? 'rmcf' : `rmcf${number}`;
    if (rows.get(alias) === undefined) return alias;
  }
}

/** An alias arrives, and is taken back. */
export async function oneAlias(stores: AliasJourneyStores): Promise<Travelled> {
  const alias = 'millrace first steps';
  stores.db.exec(remove(alias)); // an interrupted start may have left it
  try {
    return await toRedis(stores, { sql: insert(alias), alias, wanted: '["1"]' });
  } finally {
    stores.db.exec(remove(alias));
  }
}

interface Step {
  readonly sql: string;
  readonly alias: string;
  readonly wanted: string | null;
}

const toRedis = (
  { db, redis, signal }: AliasJourneyStores,
  { sql, alias, wanted }: Step,
): Promise<Travelled> =>
  travel(
    {
      change: `sqlite>  ${sql};`,
      make: () => db.exec(sql),
      question: () => `redis>   GET "alias:team:${alias}"`,
      look: () => redis.get(`alias:team:${alias}`),
      wanted,
    },
    signal,
  );
