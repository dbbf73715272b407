import { fromHash, id, type NewOf, type RecordOf, renderId, text, toPairs } from './fields';
import type { FunctionClient } from './function-client';
import { readHashes } from './hashes';
import { changesStream } from './keys';

const fields = {
  experimentId: id('experiment_id'),
  trainingRunId: id('training_run_id'),
  variantName: text('variant_name'),
  notes: text('notes'),
};
export type ExperimentRun = RecordOf<typeof fields>;
export type NewExperimentRun = NewOf<typeof fields, 'experimentId' | 'trainingRunId'>;

function keysOf(experimentId: number, runId: number): [stream: string, record: string, runs: string] {
  const experiment = `aidb:exprun:${renderId(experimentId, 'experimentId')}`;
  return [changesStream, `${experiment}:${renderId(runId, 'trainingRunId')}`, `${experiment}:runs`];
}

export const add = async (functions: FunctionClient, run: NewExperimentRun): Promise<boolean> =>
  functions.did(
    'millrace_add_run_to_experiment',
    keysOf(run.experimentId, run.trainingRunId),
    toPairs(fields, run),
  );

export const listOf = (functions: FunctionClient, experimentId: number): Promise<ExperimentRun[]> =>
  functions.read(async (client) => {
    const experiment = `aidb:exprun:${renderId(experimentId, 'experimentId')}`;
    const runs = (await client.smembers(`${experiment}:runs`)).sort((a, b) => Number(a) - Number(b));
    const hashes = await readHashes(
      client,
      runs.map((run) => `${experiment}:${run}`),
    );
    return hashes.flatMap((hash) => (hash === undefined ? [] : [fromHash(fields, hash)]));
  });

export const remove = async (
  functions: FunctionClient,
  experimentId: number,
  runId: number,
): Promise<boolean> =>
  functions.did('millrace_delete_experiment_run', keysOf(experimentId, runId), [
    String(experimentId),
    String(runId),
  ]);
