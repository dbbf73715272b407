import { type ChangesOf, type NewOf, renderId, shape, text, time, toPairs } from './fields';
import type { FunctionClient } from './function-client';
import { type Identified, readIndex, readRecord, readRecords, type Slice } from './hashes';
import { changesStream } from './keys';

const fields = {
  name: text('name'),
  description: text('description'),
  architecture: text('architecture'),
  framework: text('framework'),
  taskType: text('task_type'),
  inputShape: shape('input_shape'),
  outputShape: shape('output_shape'),
  createdAt: time('created_at'),
  updatedAt: time('updated_at'),
};
export type Model = Identified<typeof fields>;
export type NewModel = NewOf<typeof fields, 'name'>;
export type ModelChanges = ChangesOf<typeof fields, 'createdAt'>;

const records = { prefix: 'aidb:model:', table: fields };
const index = 'aidb:idx:models';
const idOfName = 'aidb:model:name_to_id';

export const create = async (functions: FunctionClient, model: NewModel): Promise<number> =>
  functions.count(
    'millrace_create_model',
    [changesStream, 'aidb:counter:model', index, idOfName],
    toPairs(fields, model),
  );

export const get = (functions: FunctionClient, id: number): Promise<Model | undefined> =>
  functions.read((client) => readRecord(client, { ...records, id }));

export const getByName = (functions: FunctionClient, name: string): Promise<Model | undefined> =>
  functions.read(async (client) => {
    const id = await client.hget(idOfName, name);
    return id === null ? undefined : readRecord(client, { ...records, id: Number(id) });
  });

export const list = (functions: FunctionClient, slice?: Slice): Promise<Model[]> =>
  functions.read(async (client) =>
    readRecords(client, { ...records, ids: await readIndex(client, index, slice) }),
  );

export async function update(
  functions: FunctionClient,
  modelId: number,
  change: ModelChanges,
): Promise<boolean> {
  const id = renderId(modelId, 'modelId');
  const keys = [changesStream, `${records.prefix}${id}`, idOfName];
  return functions.did('millrace_update_model', keys, [id, ...toPairs(fields, change)]);
}

export async function remove(functions: FunctionClient, modelId: number): Promise<boolean> {
  const id = renderId(modelId, 'modelId');
  return functions.did(
    'millrace_delete_model',
    [changesStream, `${records.prefix}${id}`, index, idOfName],
    [id],
  );
}
