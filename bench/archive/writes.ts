import type Redis from 'ioredis';
import type { ModelStore } from '../../src/writer/model-store';
import type { NewPrediction } from '../../src/writer/predictions';
import { pythonJson, pythonNumber } from '../../src/writer/python';

/** How an application writes: through the function library, or with plain commands as the Python applications do. */
export type Way = 'functions' | 'plain';

const labels = ['cat', 'dog', 'bird', 'horse', 'ship', 'truck', 'plane', 'frog', 'deer', 'car'];
let sequence = 0;

/** A small one, about 170 bytes as it travels in the stream; each is different. */
export function newPrediction(modelVersionId: number): NewPrediction {
  const n = ++sequence;
  const feature = (k: number) => ((n * k) % 9_973) / 10_000 + 0.001;
  return {
    modelVersionId,
    input: { features: [feature(7), feature(11), feature(13)] },
    output: { label: labels[n % labels.length] ?? '', score: feature(19) },
    confidence: (1 + (n % 9_998)) / 10_000,
    inferenceTimeMs: 1.5 + (n % 400) / 8,
    metadata: { shard: n % 16 },
  };
}

/** Many calls before the first reply, a thousand at a time. */
export async function manyCalls(store: ModelStore, versionId: number, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1_000) {
    const calls = Array.from({ length: Math.min(left, 1_000) }, () => newPrediction(versionId));
    await Promise.all(calls.map((prediction) => store.logPrediction(prediction)));
  }
}

export async function inBulk(store: ModelStore, versionId: number, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 5_000) {
    const length = Math.min(left, 5_000);
    await store.logPredictions(Array.from({ length }, () => newPrediction(versionId)));
  }
}

/** Fields of the hash, as plain writers write them. */
export function plainFields(id: number, versionId: number): readonly string[] {
  const { input, output, confidence, inferenceTimeMs, metadata } = newPrediction(versionId);
  return [
    ...['id', String(id), 'model_version_id', String(versionId)],
    ...['input', pythonJson(input), 'output', pythonJson(output)],
    ...['confidence', pythonNumber(confidence ?? 0), 'inference_time_ms', pythonNumber(inferenceTimeMs ?? 0)],
    // Naive UTC with microseconds, as Python's isoformat.
    ...['timestamp', `${new Date().toISOString().slice(0, -1)}001`, 'metadata', pythonJson(metadata)],
  ];
}

const counter = 'aidb:counter:prediction';
const indexOf = (versionId: number): string => `aidb:idx:predictions:${versionId}`;
const score = (): number => -Date.now() / 1_000;

/** INCR, HSET, ZADD, each of them awaited. @returns the id */
export async function plainOne(client: Redis, versionId: number): Promise<number> {
  const id = await client.incr(counter);
  await client.hset(`aidb:prediction:${id}`, ...plainFields(id, versionId));
  await client.zadd(indexOf(versionId), score(), String(id));
  return id;
}

/** The same commands, a thousand records in a pipeline: the INCRs, and when they are answered the rest. */
export async function plainMany(client: Redis, versionId: number, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1_000) {
    const counting = client.pipeline();
    for (let n = Math.min(left, 1_000); n > 0; n--) counting.incr(counter);
    const writing = client.pipeline();
    for (const [error, id] of (await counting.exec()) ?? []) {
      if (error !== null) throw error;
      writing.hset(`aidb:prediction:${Number(id)}`, ...plainFields(Number(id), versionId));
      writing.zadd(indexOf(versionId), score(), String(id));
    }
    for (const [error] of (await writing.exec()) ?? []) if (error !== null) throw error;
  }
}
