import { setTimeout as delay } from 'node:timers/promises';
import { fatal } from '../foundation/errors';
import { oneAlias } from './alias-journeys';
import { firstStepsVersion, loggedPrediction } from './archive-journeys';
import { type DemoAddresses, connect } from './connections';
import type { Travelled } from './travel';

const pollMs = 100;
const readyDeadlineMs = 30_000;

/**
 * Waits until the daemon is in order, and shows one change through each pipeline. Only one model with one version is left, which all
 * starts share. @throws what went wrong, and when it is stopped
 */
export async function firstSteps(
  addresses: DemoAddresses,
  http: string,
  signal: AbortSignal,
): Promise<readonly Travelled[]> {
  await untilReady(http, signal);
  const connections = await connect(addresses, signal);
  try {
    const modelVersionId = await firstStepsVersion(connections.store);
    return [await oneAlias(connections), await loggedPrediction(connections, modelVersionId)];
  } finally {
    connections.close();
  }
}

async function untilReady(http: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + readyDeadlineMs;
  for (;;) {
    const reply = await fetch(`${http}/readyz`, { signal });
    const { ready, reasons } = (await reply.json()) as { ready: boolean; reasons: readonly string[] };
    if (ready) return;
    if (Date.now() > deadline) throw fatal(`not in order yet: ${reasons.join('; ')}`, { code: 'E_DEMO' });
    await delay(pollMs, undefined, { signal });
  }
}
