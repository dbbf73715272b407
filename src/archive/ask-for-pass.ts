import { setTimeout as delay } from 'node:timers/promises';
import { describeError, retryable } from '../errors';
import type { Checkpoint } from './checkpoint';
import type { ArchivePassReport } from './pass-runner';

const pollMs = 200;

/**
 * Asks the owner of the stream, whoever it is, for a full pass that sees everything from now on, and waits for its report.
 * @param over whether there is nothing to wait for any more
 * @returns undefined: it was over before
 */
export async function askForPass(
  checkpoint: Checkpoint,
  over: () => boolean,
): Promise<ArchivePassReport | undefined> {
  const asked = await checkpoint.requestPass();
  while (!over()) {
    const report = await checkpoint.passSince(asked).catch((error: unknown) => {
      throw retryable(`the owner's report cannot be read: ${describeError(error).message}`, { code: 'E_PG' });
    });
    if (report !== undefined) return report as ArchivePassReport;
    await delay(pollMs, undefined, { ref: false });
  }
  return undefined;
}
