import type { TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';

/** The reasons /readyz gives; none: it succeeds. */
export async function readiness(daemon: TestDaemon): Promise<readonly string[]> {
  const reply = await fetch(`${daemon.url}/readyz`);
  const { ready, reasons } = (await reply.json()) as { ready: boolean; reasons: readonly string[] };
  expect([reply.status, reasons.length === 0]).toEqual(ready ? [200, true] : [503, false]);
  return reasons;
}

/** Waits until /readyz fails with these reasons, among others. */
export const untilNotReady = (
  daemon: TestDaemon,
  reasons: readonly RegExp[],
  within: number,
): Promise<void> =>
  eventually(
    async () => {
      const found = await readiness(daemon);
      for (const reason of reasons) expect(found).toContainEqual(expect.stringMatching(reason));
    },
    { within, alive: daemon.running },
  );

export const untilReady = (daemon: TestDaemon): Promise<void> =>
  eventually(async () => expect(await readiness(daemon)).toEqual([]), { alive: daemon.running });
