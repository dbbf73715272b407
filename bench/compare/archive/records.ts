import type Redis from 'ioredis';
import type { ModelStore } from '../../../src/writer/model-store';
import type { Database } from '../../archive/database';

/** What has been written and has to be in Postgres: models by name with their description, predictions by their confidence, which is different for each. */
export interface Owed {
  readonly models: Map<string, string>;
  readonly predictions: Set<number>;
}

export interface Writers {
  readonly client: Redis;
  readonly store: ModelStore;
  readonly owed: Owed;
}

const now = (): string => `${new Date().toISOString().slice(0, -1)}001`;
let predictions = 0;
const newConfidence = (): number => ++predictions / 1e6;

/** With plain commands, as the Python applications do. @returns the id */
export async function plainModel(
  { client, owed }: Writers,
  name: string,
  description = 'as it was',
): Promise<number> {
  const id = await client.incr('aidb:counter:model');
  const texts = {
    architecture: 'ResNet',
    framework: 'pytorch',
    task_type: '',
    input_shape: '[]',
    output_shape: '[]',
  };
  const times = { created_at: now(), updated_at: now() };
  await client.hset(`aidb:model:${id}`, { id, name, description, ...texts, ...times });
  await client.hset('aidb:model:name_to_id', name, id);
  await client.zadd('aidb:idx:models', id, id);
  owed.models.set(name, description);
  return id;
}

/** @returns the id */
export async function plainVersion({ client }: Writers, modelId: number): Promise<number> {
  const id = await client.incr('aidb:counter:version');
  const fields = { model_id: modelId, version: '1.0.0', checkpoint_path: '', config: '{}', status: 'draft' };
  await client.hset(`aidb:version:${id}`, { id, ...fields, created_at: now() });
  await client.zadd(`aidb:idx:versions:${modelId}`, id, id);
  return id;
}

/** @returns the id */
export async function plainPrediction({ client, owed }: Writers, versionId: number): Promise<number> {
  const id = await client.incr('aidb:counter:prediction');
  const confidence = newConfidence();
  await client.hset(`aidb:prediction:${id}`, {
    ...{ id, model_version_id: versionId, input: '{"x": 1}', output: '{"y": 2}', confidence },
    ...{ inference_time_ms: '1.5', timestamp: now(), metadata: '{}' },
  });
  await client.zadd(`aidb:idx:predictions:${versionId}`, -Date.now() / 1_000, id);
  owed.predictions.add(confidence);
  return id;
}

/** By the functions, which tell the archive in the same step. @returns the ids */
export async function toldPredictions(
  { store, owed }: Writers,
  versionId: number,
  count: number,
): Promise<readonly number[]> {
  const list = Array.from({ length: count }, () => ({
    modelVersionId: versionId,
    input: { x: 1 },
    output: { y: 2 },
    confidence: newConfidence(),
  }));
  const ids = await store.logPredictions(list);
  for (const { confidence } of list) owed.predictions.add(confidence);
  return ids;
}

/** What Postgres has not got, or otherwise, or twice, by plain reads. */
export async function archiveDifferences(owed: Owed, database: Database): Promise<readonly string[]> {
  const differences: string[] = [];
  const models = new Map<string, string>();
  for (const row of await database.query('SELECT name, description FROM models'))
    models.set(row['name'] ?? '', row['description'] ?? '');
  for (const [name, wanted] of owed.models) {
    const found = models.get(name);
    if (found === undefined) differences.push(`model ${name} is missing`);
    else if (found !== wanted) differences.push(`model ${name} is ${found}`);
  }
  for (const name of models.keys())
    if (!owed.models.has(name)) differences.push(`model ${name} is still there`);
  const counts = new Map<number, number>();
  for (const row of await database.query('SELECT confidence, count(*) FROM predictions GROUP BY confidence'))
    counts.set(Number(row['confidence']), Number(row['count']));
  const lacking = [...owed.predictions].filter((confidence) => !counts.has(confidence));
  if (lacking.length > 0)
    differences.push(`${lacking.length} of ${owed.predictions.size} predictions are missing`);
  const twice = [...counts.values()].filter((count) => count > 1);
  if (twice.length > 0) differences.push(`${twice.length} predictions are there twice`);
  return differences;
}
