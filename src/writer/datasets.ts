import { count, json, type NewOf, renderId, text, time, toPairs } from './fields';
import type { FunctionClient } from './function-client';
import { type Identified, readIndex, readRecord, readRecords, type Slice } from './hashes';
import { changesStream } from './keys';

const fields = {
  name: text('name'),
  description: text('description'),
  sourcePath: text('source_path'),
  format: text('format'),
  sizeBytes: count('size_bytes'),
  numSamples: count('num_samples'),
  splitInfo: json('split_info'),
  preprocessing: json('preprocessing'),
  createdAt: time('created_at'),
};
export type Dataset = Identified<typeof fields>;
export type NewDataset = NewOf<typeof fields, 'name'>;

const records = { prefix: 'aidb:dataset:', table: fields };
const index = 'aidb:idx:datasets';

export const create = async (functions: FunctionClient, dataset: NewDataset): Promise<number> =>
  functions.count(
    'millrace_create_dataset',
    [changesStream, 'aidb:counter:dataset', index],
    toPairs(fields, dataset),
  );

export const get = (functions: FunctionClient, id: number): Promise<Dataset | undefined> =>
  functions.read((client) => readRecord(client, { ...records, id }));

export const list = (functions: FunctionClient, slice?: Slice): Promise<Dataset[]> =>
  functions.read(async (client) =>
    readRecords(client, { ...records, ids: await readIndex(client, index, slice) }),
  );

export async function remove(functions: FunctionClient, datasetId: number): Promise<boolean> {
  const id = renderId(datasetId, 'datasetId');
  return functions.did('millrace_delete_dataset', [changesStream, `${records.prefix}${id}`, index], [id]);
}
