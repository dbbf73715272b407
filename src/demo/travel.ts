import type Database from 'better-sqlite3';
import type { Client } from 'pg';
import type Redis from 'ioredis';
import { fatal } from '../errors';
import type { ModelStore } from '../writer/model-store';

/** A change that has arrived. `change` and `found` are what a person would type to see the same. */
export interface Travelled {
  readonly change: string;
  readonly found: string;
  /** From the moment the change was made (the commit, the reply) to the moment it was seen. */
  readonly ms: number;
}

interface Journey {
  readonly change: string;
  readonly make: () => unknown;
  /** What is asked, where it must arrive. */
  readonly question: string;
  readonly look: () => Promise<string | null>;
  readonly wanted: string | null;
}

const deadlineMs = 5_000;

/** Makes a change and looks for it until it is there. @throws E_DEMO when it does not come */
async function travel({ change, make, question, look, wanted }: Journey): Promise<Travelled> {
  await make();
  const made = performance.now();
  for (;;) {
    const found = await look();
    const ms = performance.now() - made;
    if (found === wanted) return { change, found: `${question}  ->  ${found ?? '(nil)'}`, ms };
    if (ms > deadlineMs) {
      throw fatal(
        `after ${Math.round(ms)} ms this has not arrived: ${change}\n    ${question} is ${found ?? '(nil)'}, not ${wanted ?? '(nil)'}`,
        { code: 'E_DEMO', hint: '`millrace status` and `millrace doctor` say what is in the way.' },
      );
    }
  }
}

/** A change as two lines. */
export const told = ({ change, found, ms }: Travelled): string => `  ${change}\n  ${found}   ${ms.toFixed(1)} ms later\n`;

export interface Aliases {
  readonly db: Database.Database;
  readonly redis: Redis;
}

const insertAlias = (alias: string) => `INSERT INTO team_aliases (team_id, alias) VALUES (1, '${alias}')`;
const deleteAlias = (alias: string) => `DELETE FROM team_aliases WHERE alias = '${alias}'`;

/** An alias of that name is inserted, moved to another team, and deleted: the three tests of the alias document. */
export const aliasJourneys = ({ db, redis }: Aliases, alias: string): (() => Promise<Travelled>)[] =>
  (
    [
      [insertAlias(alias), '["1"]'],
      [`UPDATE team_aliases SET team_id = 2 WHERE alias = '${alias}'`, '["2"]'],
      [deleteAlias(alias), null],
    ] as const
  ).map(([sql, wanted]) => () => travelToRedis({ db, redis }, { sql, alias, wanted }));

/** An alias arrives, and is taken back. */
export async function oneAlias(aliases: Aliases, alias: string): Promise<Travelled> {
  aliases.db.exec(deleteAlias(alias)); // of a start that was interrupted
  try {
    return await travelToRedis(aliases, { sql: insertAlias(alias), alias, wanted: '["1"]' });
  } finally {
    aliases.db.exec(deleteAlias(alias));
  }
}

const travelToRedis = (
  { db, redis }: Aliases,
  { sql, alias, wanted }: { sql: string; alias: string; wanted: string | null },
): Promise<Travelled> =>
  travel({
    change: `sqlite>  ${sql};`,
    make: () => db.exec(sql),
    question: `redis>   GET alias:team:${alias}`,
    look: () => redis.get(`alias:team:${alias}`),
    wanted,
  });

export interface Models {
  readonly store: ModelStore;
  readonly redis: Redis;
  readonly postgres: Client;
}

/** A prediction arrives, and is taken back from both sides. One FCALL. */
export async function loggedPrediction(models: Models, modelVersionId: number): Promise<Travelled> {
  const timestamp = new Date();
  const output = { label: 'cat' };
  let id = 0;
  return predictionToPostgres(models, {
    change: `app>     store.logPrediction({ modelVersionId: ${modelVersionId}, output: { label: 'cat' }, confidence: 0.97 })`,
    make: async () => {
      id = await models.store.logPrediction({ modelVersionId, output, confidence: 0.97, timestamp });
      return id;
    },
    timestamp,
    confidence: '0.97',
  });
}

/** The same by a program that knows nothing of Millrace: plain commands, as the document's Python sends them. */
export async function plainPrediction(models: Models, modelVersionId: number): Promise<Travelled> {
  const { redis } = models;
  const timestamp = new Date();
  const id = await redis.incr('aidb:counter:prediction');
  return predictionToPostgres(models, {
    change: `redis>   HSET aidb:prediction:${id} id ${id} model_version_id ${modelVersionId} confidence 0.42 …`,
    make: async () => {
      await redis.hset(`aidb:prediction:${id}`, {
        ...{ id, model_version_id: modelVersionId, input: '{}', output: '{"label": "dog"}' },
        ...{ confidence: 0.42, inference_time_ms: 8.5, timestamp: timestamp.toISOString(), metadata: '{}' },
      });
      return id;
    },
    timestamp,
    confidence: '0.42',
  });
}

interface PredictionJourney {
  readonly change: string;
  readonly make: () => Promise<number>;
  readonly timestamp: Date;
  readonly confidence: string;
}

async function predictionToPostgres(
  { store, postgres }: Models,
  { change, make, timestamp, confidence }: PredictionJourney,
): Promise<Travelled> {
  let id = 0;
  const identity = () => [id, timestamp.toISOString()];
  try {
    const { ms } = await travel({
      change,
      make: async () => {
        id = await make();
      },
      question: 'the confidence in predictions',
      look: async () => {
        const sql = 'SELECT confidence::text FROM predictions WHERE redis_id = $1 AND timestamp = $2';
        const { rows } = await postgres.query<{ confidence: string }>(sql, identity());
        return rows[0]?.confidence ?? null;
      },
      wanted: confidence,
    });
    return { change, found: `psql>    SELECT confidence FROM predictions WHERE redis_id = ${id}  ->  ${confidence}`, ms };
  } finally {
    if (id > 0) {
      await store.deletePrediction(id);
      await postgres.query('DELETE FROM predictions WHERE redis_id = $1 AND timestamp = $2', identity());
    }
  }
}

/** The run is completed, and Postgres follows. */
export async function completedRun({ store, redis, postgres }: Models, runId: number): Promise<Travelled> {
  const { rows } = await postgres.query<{ pg_id: string }>(
    "SELECT pg_id::text FROM millrace.id_map WHERE kind = 'run' AND redis_id = $1 ORDER BY created_at DESC LIMIT 1",
    [runId],
  );
  const pgId = rows[0]?.pg_id ?? '0';
  const completedAt = new Date();
  const finalLoss = 0.46;
  void redis;
  return travel({
    change: `app>     store.completeTrainingRun(${runId}, { finalLoss: ${finalLoss} })`,
    make: () => store.completeTrainingRun(runId, { finalLoss, completedAt }),
    question: `psql>    SELECT status, final_loss FROM training_runs WHERE id = ${pgId}`,
    look: async () => {
      const sql =
        'SELECT status, final_loss::text FROM training_runs WHERE id = $1 AND completed_at = $2';
      const found = await postgres.query<{ status: string; final_loss: string }>(sql, [pgId, completedAt.toISOString()]);
      return found.rows.map(({ status, final_loss }) => `${status} | ${final_loss}`)[0] ?? null;
    },
    wanted: `completed | ${finalLoss}`,
  });
}
