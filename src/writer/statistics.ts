import type { FunctionClient } from './function-client';
import { readIndex } from './hashes';

/** How many records the indexes know of each kind. */
export interface StoreStatistics {
  readonly models: number;
  readonly versions: number;
  readonly datasets: number;
  readonly runs: number;
  readonly experiments: number;
  readonly predictions: number;
}

export const readStatistics = (functions: FunctionClient): Promise<StoreStatistics> =>
  functions.read(async (client) => {
    const modelIds = await readIndex(client, 'aidb:idx:models');
    const versionIds: string[] = [];
    for (const id of modelIds) versionIds.push(...(await readIndex(client, `aidb:idx:versions:${id}`)));
    const [datasets, runs, experiments, ...predictions] = await Promise.all(
      [
        ...['aidb:idx:datasets', 'aidb:idx:runs', 'aidb:idx:experiments'],
        ...versionIds.map((id) => `aidb:idx:predictions:${id}`),
      ].map((key) => client.zcard(key)),
    );
    return {
      models: modelIds.length,
      versions: versionIds.length,
      datasets: datasets ?? 0,
      runs: runs ?? 0,
      experiments: experiments ?? 0,
      predictions: predictions.reduce((sum, count) => sum + count, 0),
    };
  });
