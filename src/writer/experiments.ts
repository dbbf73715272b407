import { type ChangesOf, json, type NewOf, renderId, text, time, timeOrNone, toPairs } from './fields';
import type { FunctionClient } from './function-client';
import { type Identified, readIndex, readRecord, readRecords, type Slice } from './hashes';
import { changesStream } from './keys';

const fields = {
  name: text('name'),
  description: text('description'),
  hypothesis: text('hypothesis'),
  /** Default: active. */
  status: text('status'),
  createdAt: time('created_at'),
  completedAt: timeOrNone('completed_at'),
  results: json('results'),
};
export type Experiment = Identified<typeof fields>;
export type NewExperiment = NewOf<typeof fields, 'name'>;
export type ExperimentChanges = ChangesOf<typeof fields, 'createdAt'>;

const records = { prefix: 'aidb:experiment:', table: fields };
const index = 'aidb:idx:experiments';

export const create = async (functions: FunctionClient, experiment: NewExperiment): Promise<number> =>
  functions.count(
    'millrace_create_experiment',
    [changesStream, 'aidb:counter:experiment', index],
    toPairs(fields, experiment),
  );

export const get = (functions: FunctionClient, id: number): Promise<Experiment | undefined> =>
  functions.read((client) => readRecord(client, { ...records, id }));

export const list = (functions: FunctionClient, slice?: Slice): Promise<Experiment[]> =>
  functions.read(async (client) =>
    readRecords(client, { ...records, ids: await readIndex(client, index, slice) }),
  );

export async function update(
  functions: FunctionClient,
  name: 'millrace_update_experiment' | 'millrace_complete_experiment',
  change: ExperimentChanges & { readonly id: number },
): Promise<boolean> {
  const id = renderId(change.id, 'experimentId');
  return functions.did(name, [changesStream, `${records.prefix}${id}`], [id, ...toPairs(fields, change)]);
}

export async function remove(functions: FunctionClient, experimentId: number): Promise<boolean> {
  const id = renderId(experimentId, 'experimentId');
  return functions.did('millrace_delete_experiment', [changesStream, `${records.prefix}${id}`, index], [id]);
}
