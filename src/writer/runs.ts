import {
  type ChangesOf,
  id,
  idOrNone,
  json,
  measure,
  type NewOf,
  renderId,
  text,
  time,
  timeOrNone,
  toPairs,
} from './fields';
import type { FunctionClient } from './function-client';
import { type Identified, readIndex, readRecord, readRecords, type Slice } from './hashes';
import { changesStream } from './keys';

const fields = {
  modelVersionId: id('model_version_id'),
  datasetId: idOrNone('dataset_id'),
  runName: text('run_name'),
  /** Default: running. */
  status: text('status'),
  startedAt: time('started_at'),
  completedAt: timeOrNone('completed_at'),
  durationSeconds: measure('duration_seconds'),
  finalLoss: measure('final_loss'),
  bestMetricValue: measure('best_metric_value'),
  artifacts: json('artifacts'),
};
export type TrainingRun = Identified<typeof fields>;
export type NewTrainingRun = NewOf<typeof fields, 'modelVersionId'>;
export type TrainingRunChanges = ChangesOf<typeof fields, 'startedAt'>;

const records = { prefix: 'aidb:run:', table: fields };
const index = 'aidb:idx:runs';

export const create = async (functions: FunctionClient, run: NewTrainingRun): Promise<number> =>
  functions.count('millrace_create_run', [changesStream, 'aidb:counter:run', index], toPairs(fields, run));

export const get = (functions: FunctionClient, id: number): Promise<TrainingRun | undefined> =>
  functions.read((client) => readRecord(client, { ...records, id }));

export const list = (functions: FunctionClient, slice?: Slice): Promise<TrainingRun[]> =>
  functions.read(async (client) =>
    readRecords(client, { ...records, ids: await readIndex(client, index, slice) }),
  );

export async function update(
  functions: FunctionClient,
  name: 'millrace_update_run' | 'millrace_complete_run',
  change: TrainingRunChanges & { readonly id: number },
): Promise<boolean> {
  const id = renderId(change.id, 'runId');
  return functions.did(name, [changesStream, `${records.prefix}${id}`], [id, ...toPairs(fields, change)]);
}

export async function remove(functions: FunctionClient, runId: number): Promise<boolean> {
  const id = renderId(runId, 'runId');
  return functions.did('millrace_delete_run', [changesStream, `${records.prefix}${id}`, index], [id]);
}
