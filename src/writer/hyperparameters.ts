import { renderId } from './fields';
import type { FunctionClient } from './function-client';
import { readHashes } from './hashes';
import { changesStream } from './keys';
import { pythonText } from './python';

/** Values by name. Text is stored as it is, other values as Python prints them: True, None, 1e-05. */
export type Hyperparameters = Readonly<Record<string, unknown>>;

const keyOf = (run: string): string => `aidb:hyperparam:${run}`;

export async function log(functions: FunctionClient, runId: number, values: Hyperparameters): Promise<void> {
  const run = renderId(runId, 'runId');
  const pairs = Object.entries(values).flatMap(([name, value]) => [name, pythonText(value)]);
  if (pairs.length > 0)
    await functions.call('millrace_log_hyperparams', [changesStream, keyOf(run)], [run, ...pairs]);
}

export const get = (functions: FunctionClient, runId: number): Promise<Readonly<Record<string, string>>> =>
  functions.read(async (client) => {
    const [hash] = await readHashes(client, [keyOf(renderId(runId, 'runId'))]);
    return hash ?? {};
  });

export async function remove(functions: FunctionClient, runId: number): Promise<boolean> {
  const run = renderId(runId, 'runId');
  return functions.did('millrace_delete_hyperparams', [changesStream, keyOf(run)], [run]);
}
