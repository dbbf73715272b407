import { describeError, MillraceError } from '../foundation/errors';
import { id, json, measure, type NewOf, renderId, time, toPairs } from './fields';
import type { FunctionClient } from './function-client';
import { type Identified, readIndex, readRecord, readRecords, type Slice } from './hashes';
import { changesStream } from './keys';

const fields = {
  modelVersionId: id('model_version_id'),
  input: json('input'),
  output: json('output'),
  confidence: measure('confidence'),
  inferenceTimeMs: measure('inference_time_ms'),
  timestamp: time('timestamp'),
  metadata: json('metadata'),
};
export type Prediction = Identified<typeof fields>;
export type NewPrediction = NewOf<typeof fields, 'modelVersionId'>;

const records = { prefix: 'aidb:prediction:', table: fields };
const counter = 'aidb:counter:prediction';
const versionKeys = (version: string): string[] => [
  `aidb:version:${version}`,
  `aidb:idx:predictions:${version}`,
];

export async function log(functions: FunctionClient, prediction: NewPrediction): Promise<number> {
  const version = renderId(prediction.modelVersionId, 'modelVersionId');
  return functions.count(
    'millrace_log_prediction',
    [changesStream, counter, ...versionKeys(version)],
    toPairs(fields, prediction),
  );
}

/** In one call, which takes some milliseconds of the server's time and is atomic. */
const chunk = { rows: 250, characters: 1_000_000 };

const columns = Object.entries(fields) as [
  keyof NewPrediction,
  { write: (value: unknown, property: string) => string },
][];

/**
 * Writes predictions in chunks, each of them atomic. Returns their ids, in order. All values are checked before the first chunk;
 * if a later one fails, the error says how many were written before.
 */
export async function logAll(
  functions: FunctionClient,
  predictions: readonly NewPrediction[],
): Promise<number[]> {
  const rows = predictions.map((prediction) =>
    columns.map(([property, { write }]) => {
      const value = prediction[property];
      return value === undefined ? '' : write(value, property);
    }),
  );
  const ids: number[] = [];
  for (const part of chunksOf(rows)) {
    try {
      for (let [id, last] = await writeChunk(functions, part); id <= last; id++) ids.push(id);
    } catch (error) {
      throw ids.length === 0 ? error : withProgress(error, `${ids.length} of ${rows.length}`);
    }
  }
  return ids;
}

function* chunksOf(rows: readonly string[][]): Generator<string[][]> {
  let part: string[][] = [];
  let characters = 0;
  for (const row of rows) {
    const size = row.reduce((sum, value) => sum + value.length, 0);
    if (part.length === chunk.rows || (part.length > 0 && characters + size > chunk.characters)) {
      yield part;
      part = [];
      characters = 0;
    }
    part.push(row);
    characters += size;
  }
  if (part.length > 0) yield part;
}

async function writeChunk(
  functions: FunctionClient,
  rows: readonly string[][],
): Promise<[first: number, last: number]> {
  const versions = new Set(rows.map(([version = '']) => version));
  const keys = [changesStream, counter, ...[...versions].flatMap(versionKeys)];
  return (await functions.call('millrace_log_predictions', keys, rows.flat())) as [number, number];
}

function withProgress(error: unknown, written: string): unknown {
  const { code, message, hint } = describeError(error);
  const kind = error instanceof MillraceError ? error.kind : 'retryable';
  return new MillraceError(kind, `${message} (${written} predictions were written before)`, {
    code,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

export const get = (functions: FunctionClient, id: number): Promise<Prediction | undefined> =>
  functions.read((client) => readRecord(client, { ...records, id }));

export const listOf = (
  functions: FunctionClient,
  versionId: number,
  { offset = 0, limit = 100 }: Slice,
): Promise<Prediction[]> =>
  functions.read(async (client) => {
    const index = `aidb:idx:predictions:${renderId(versionId, 'modelVersionId')}`;
    return readRecords(client, { ...records, ids: await readIndex(client, index, { offset, limit }) });
  });

export async function remove(functions: FunctionClient, predictionId: number): Promise<boolean> {
  const id = renderId(predictionId, 'predictionId');
  return functions.did('millrace_delete_prediction', [changesStream, `${records.prefix}${id}`], [id]);
}
