import type { Client } from 'pg';
import type Redis from 'ioredis';
import { z } from 'zod';
import type { ModelStore } from '../writer/model-store';

const schema = z.object({ keys: z.array(z.string()), modelVersionId: z.number(), runId: z.number() });

/** The demo's records: their keys in Redis, and those that the rest of the demo goes on with. */
export type Filled = z.infer<typeof schema>;

/** Where a Redis that outlives the demo keeps what was filled, so that the next demo uses it again. */
const marker = 'millrace:demo';

export interface FilledStores {
  readonly store: ModelStore;
  readonly redis: Redis;
  readonly postgres: Client;
}

/** Writes the demo's records, unless an earlier demo has. */
export async function fill(stores: FilledStores): Promise<Filled & { readonly fresh: boolean }> {
  const { redis } = stores;
  const earlier = await filledEarlier(redis);
  if (earlier !== undefined) return { ...earlier, fresh: false };
  const filled = await write(stores.store, await freeSuffix(stores));
  await redis.set(marker, JSON.stringify(filled));
  return { ...filled, fresh: true };
}

async function filledEarlier(redis: Redis): Promise<Filled | undefined> {
  const text = await redis.get(marker);
  if (text === null) return undefined;
  const { data } = schema.safeParse(JSON.parse(text));
  return data !== undefined && (await redis.exists(data.keys)) === data.keys.length ? data : undefined;
}

/** A suffix that makes names free: names are unique in Postgres, and it may have those of a demo that Redis has forgotten. */
async function freeSuffix({ redis, postgres }: FilledStores): Promise<string> {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : ` ${number}`;
    const name = `ResNet50-Redis${suffix}`;
    const archived = await postgres.query('SELECT FROM models WHERE name = $1', [name]).catch(noTables);
    if (archived.rowCount === 0 && (await redis.hexists('aidb:model:name_to_id', name)) === 0) return suffix;
  }
}

function noTables(error: unknown): { rowCount: number } {
  if (typeof error === 'object' && error !== null && 'code' in error && error.code === '42P01')
    return { rowCount: 0 };
  throw error;
}

async function write(store: ModelStore, suffix: string): Promise<Filled> {
  const resnet = await store.createModel({
    name: `ResNet50-Redis${suffix}`,
    description: 'Image classifier; «دسته‌بندی تصویر» 🖼',
    architecture: 'ResNet',
    framework: 'PyTorch',
    taskType: 'classification',
    inputShape: [3, 224, 224],
    outputShape: [1000],
  });
  const bert = await store.createModel({
    name: `BERT-Redis${suffix}`,
    architecture: 'Transformer',
    framework: 'TensorFlow',
    taskType: 'nlp',
  });
  const imagenet = await store.createDataset({
    name: `ImageNet-Redis${suffix}`,
    sourcePath: 'C:\\new\\imagenet',
    format: 'JPEG',
    sizeBytes: 150_000_000_000,
    numSamples: 1_281_167,
    splitInfo: { train: 0.9, val: 0.1 },
  });
  const squad = await store.createDataset({
    name: `SQuAD-Redis${suffix}`,
    format: 'JSON',
    numSamples: 107_785,
  });
  const modelVersionId = await store.createModelVersion({
    modelId: resnet,
    version: 'v1.0',
    checkpointPath: '/models/resnet50_v1.pt',
    // Text that is JSON already is stored as it is: these numbers would not survive being parsed and written again.
    config: '{"seed": 1152921504606846977, "epsilon": 1e-07, "dropout": 0.50}',
  });
  const runId = await store.createTrainingRun({
    modelVersionId,
    datasetId: imagenet,
    runName: 'resnet50-imagenet-001',
  });
  const hyperparameters = {
    learning_rate: 0.001,
    batch_size: 32,
    optimizer: 'adam',
    weight_decay: 1e-5,
    nesterov: true,
  };
  await store.logHyperparameters(runId, hyperparameters);
  await store.logMetrics(runId, epochs());
  const experimentId = await store.createExperiment({
    name: `ResNet-vs-BERT${suffix}`,
    hypothesis: 'A smaller learning rate converges later, and better',
  });
  await store.addRunToExperiment({ experimentId, trainingRunId: runId, variantName: 'lr=0.001' });
  const predictions = await store.logPredictions(predictionsOf(modelVersionId));
  const keys = [
    ...[resnet, bert].map((id) => `aidb:model:${id}`),
    ...[imagenet, squad].map((id) => `aidb:dataset:${id}`),
    `aidb:version:${modelVersionId}`,
    `aidb:run:${runId}`,
    `aidb:hyperparam:${runId}`,
    ...metrics.flatMap((name) => splits.map((split) => `aidb:metric:${runId}:${name}:${split}`)),
    `aidb:experiment:${experimentId}`,
    `aidb:exprun:${experimentId}:${runId}`,
    ...predictions.map((id) => `aidb:prediction:${id}`),
  ];
  return { keys, modelVersionId, runId };
}

const metrics = ['loss', 'accuracy'] as const;
const splits = ['train', 'val'] as const;

const epochs = () =>
  [1, 2, 3, 4, 5].flatMap((epoch) =>
    metrics.flatMap((metricName) =>
      splits.map((split) => {
        const loss = (split === 'val' ? 2.4 : 2.3) / epoch;
        return { metricName, split, epoch, metricValue: metricName === 'loss' ? loss : 1 - loss / 3 };
      }),
    ),
  );

/** Ten predictions. The tenth has neither a confidence nor a time: 0 in Redis, NULL in Postgres. */
const predictionsOf = (modelVersionId: number) =>
  Array.from({ length: 10 }, (_unused, index) => ({
    modelVersionId,
    input: { image: `image_${index}.jpg`, size: [224, 224] },
    output: { label: index % 2 === 0 ? 'cat' : 'گربه', rank: index },
    ...(index === 9 ? {} : { confidence: 0.9 + index / 100, inferenceTimeMs: 12.5 + index }),
    metadata: { source: 'demo' },
  }));
