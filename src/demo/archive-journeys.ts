import type Redis from 'ioredis';
import type { Client } from 'pg';
import type { ModelStore } from '../writer/model-store';
import { travel, type Travelled } from './travel';

export interface ArchiveJourneyStores {
  readonly store: ModelStore;
  readonly redis: Redis;
  readonly postgres: Client;
  /** Aborts to stop looking for a change. */
  readonly signal: AbortSignal;
}

/** A prediction by Millrace's own writer: one FCALL. It arrives, and is taken back from both sides. */
export function loggedPrediction(stores: ArchiveJourneyStores, modelVersionId: number): Promise<Travelled> {
  const timestamp = new Date();
  const confidence = 0.97;
  const output = { label: 'cat' };
  return prediction(stores, {
    change: `app>     store.logPrediction({ modelVersionId: ${modelVersionId}, output: { label: 'cat' }, confidence: ${confidence} })`,
    make: () => stores.store.logPrediction({ modelVersionId, output, confidence, timestamp }),
    timestamp,
    confidence,
  });
}

/** A prediction by a program that knows nothing of Millrace, with a plain command, as the document's Python writes it. */
export async function plainPrediction(
  stores: ArchiveJourneyStores,
  modelVersionId: number,
): Promise<Travelled> {
  const { redis } = stores;
  const timestamp = new Date();
  const confidence = 0.42;
  const id = await redis.incr('aidb:counter:prediction');
  const hash = {
    ...{ id, model_version_id: modelVersionId, input: '{}', output: '{"label": "dog"}', confidence },
    ...{ inference_time_ms: 8.5, timestamp: timestamp.toISOString().slice(0, -1), metadata: '{}' },
  };
  return prediction(stores, {
    change: `redis>   HSET aidb:prediction:${id} id ${id} model_version_id ${modelVersionId} … confidence ${confidence} …`,
    make: async () => {
      await redis.hset(`aidb:prediction:${id}`, hash);
      return id;
    },
    timestamp,
    confidence,
  });
}

interface Prediction {
  readonly change: string;
  /** Returns its id. */
  readonly make: () => Promise<number>;
  readonly timestamp: Date;
  readonly confidence: number;
}

async function prediction(
  { store, postgres, signal }: ArchiveJourneyStores,
  made: Prediction,
): Promise<Travelled> {
  let id = 0;
  const time = made.timestamp.toISOString();
  try {
    return await travel(
      {
        change: made.change,
        make: async () => {
          id = await made.make();
        },
        question: () => `psql>    SELECT confidence FROM predictions WHERE redis_id = ${id}`,
        look: async () => {
          const sql = 'SELECT confidence::text FROM predictions WHERE redis_id = $1 AND timestamp = $2';
          const { rows } = await postgres.query<{ confidence: string }>(sql, [id, time]);
          return rows[0]?.confidence ?? null;
        },
        wanted: String(made.confidence),
      },
      signal,
    );
  } finally {
    if (id > 0) {
      await store.deletePrediction(id);
      await postgres.query('DELETE FROM predictions WHERE redis_id = $1 AND timestamp = $2', [id, time]);
    }
  }
}

/** A run is completed, and its row follows. */
export async function completedRun(
  { store, postgres, signal }: ArchiveJourneyStores,
  runId: number,
): Promise<Travelled> {
  const { rows } = await postgres.query<{ pg_id: string }>(
    "SELECT pg_id::text FROM millrace.id_map WHERE kind = 'run' AND redis_id = $1 ORDER BY created_at DESC LIMIT 1",
    [runId],
  );
  const pgId = rows[0]?.pg_id ?? '0';
  const finalLoss = 0.46;
  // By this time the completion is told from that of an earlier demo.
  const completedAt = new Date();
  return travel(
    {
      change: `app>     store.completeTrainingRun(${runId}, { finalLoss: ${finalLoss} })`,
      make: () => store.completeTrainingRun(runId, { finalLoss, completedAt }),
      question: () => `psql>    SELECT status, final_loss FROM training_runs WHERE id = ${pgId}`,
      look: async () => {
        const sql = `SELECT status || ' | ' || final_loss AS found FROM training_runs WHERE id = $1 AND completed_at = $2`;
        const { rows } = await postgres.query<{ found: string }>(sql, [pgId, completedAt.toISOString()]);
        return rows[0]?.found ?? null;
      },
      wanted: `completed | ${finalLoss}`,
    },
    signal,
  );
}

/** A version to log predictions under: made by the first start, used again by later ones. */
export async function firstStepsVersion(store: ModelStore): Promise<number> {
  const name = 'millrace-first-steps';
  const description = 'Written by `npm start`, to show that changes arrive';
  const modelId = (await store.getModelByName(name))?.id ?? (await store.createModel({ name, description }));
  const [version] = await store.getModelVersions(modelId);
  return version?.id ?? store.createModelVersion({ modelId, version: '1' });
}
