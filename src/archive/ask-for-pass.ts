import { setTimeout as delay } from 'node:timers/promises';
import { stoppedEarly } from '../pipeline/one-pass';
import { refusePaused } from '../pipeline/pause';
import type { ArchiveLane } from './lane';
import type { ArchivePassReport } from './pass/report';
import { archivePauseStore } from './position/pause-store';

const pollMs = 200;

/**
 * Asks the owner of the stream, this instance or another, for a full pass that sees everything from now on, and waits for its
 * report. @throws E_PAUSED, and E_STOPPED when the signal aborts
 */
export async function askForPass(
  { state, checkpoint, postgres }: ArchiveLane,
  signal: AbortSignal,
): Promise<ArchivePassReport> {
  // As long as no owner is known there may be no checkpoint to write the request to.
  while (state().owner === undefined) await rest(signal);
  const asked = await checkpoint.requestPass();
  for (;;) {
    const report = await checkpoint.passSince(asked);
    if (report !== undefined) return report as ArchivePassReport;
    await refusePaused('archive', archivePauseStore(postgres)); // nobody can tell how long a pause will last
    await rest(signal);
  }
}

async function rest(signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw stoppedEarly();
  await delay(pollMs, undefined, { ref: false });
}
