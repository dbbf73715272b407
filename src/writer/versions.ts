import { id, json, type NewOf, renderId, text, time, toPairs } from './fields';
import type { FunctionClient } from './function-client';
import { type Identified, readIndex, readRecord, readRecords } from './hashes';
import { changesStream } from './keys';

const fields = {
  modelId: id('model_id'),
  version: text('version'),
  checkpointPath: text('checkpoint_path'),
  config: json('config'),
  /** Default: created. */
  status: text('status'),
  createdAt: time('created_at'),
};
export type ModelVersion = Identified<typeof fields>;
export type NewModelVersion = NewOf<typeof fields, 'modelId' | 'version'>;

const records = { prefix: 'aidb:version:', table: fields };
const indexOf = (modelId: number): string => `aidb:idx:versions:${renderId(modelId, 'modelId')}`;

export const create = async (functions: FunctionClient, version: NewModelVersion): Promise<number> =>
  functions.count(
    'millrace_create_version',
    [changesStream, 'aidb:counter:version', indexOf(version.modelId)],
    toPairs(fields, version),
  );

export const get = (functions: FunctionClient, id: number): Promise<ModelVersion | undefined> =>
  functions.read((client) => readRecord(client, { ...records, id }));

export const listOf = (functions: FunctionClient, modelId: number): Promise<ModelVersion[]> =>
  functions.read(async (client) =>
    readRecords(client, { ...records, ids: await readIndex(client, indexOf(modelId)) }),
  );

export async function remove(functions: FunctionClient, versionId: number): Promise<boolean> {
  const id = renderId(versionId, 'versionId');
  return functions.did('millrace_delete_version', [changesStream, `${records.prefix}${id}`], [id]);
}
