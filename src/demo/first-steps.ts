import { setTimeout as delay } from 'node:timers/promises';
import { oneAlias } from './alias-journeys';
import { firstStepsVersion, loggedPrediction } from './archive-journeys';
import { type Addresses, connect } from './connections';
import type { Travelled } from './travel';

const pollMs = 100;

/**
 * When the daemon is in order, one change down each pipeline. What it leaves is one model with one version.
 * @throws what went wrong, and when stopped
 */
export async function firstSteps(
  addresses: Addresses,
  http: string,
  signal: AbortSignal,
): Promise<readonly Travelled[]> {
  while (!(await isReady(http))) {
    await delay(pollMs, undefined, { signal });
  }
  const connections = await connect(addresses, signal);
  try {
    const { store } = connections;
    return [await oneAlias(connections), await loggedPrediction(connections, await firstStepsVersion(store))];
  } finally {
    connections.close();
  }
}

const isReady = (http: string): Promise<boolean> =>
  fetch(`${http}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
