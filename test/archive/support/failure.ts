import type { TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';

/** Waits until the daemon says what is wrong: in its status, on /readyz, and in the log, which say it at one time. @returns what it says */
export async function untilFailure(daemon: TestDaemon, code: string) {
  let failure: { message: string; hint?: string } | undefined;
  await eventually(
    async () => {
      const { archive } = await daemon.status();
      expect(archive.failure).toMatchObject({ code });
      failure = archive.failure ?? undefined;
    },
    { alive: daemon.running },
  );
  const ready = await fetch(`${daemon.url}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining(code)]);
  expect(daemon.log.lines.filter(({ message }) => message === failure?.message)).not.toEqual([]);
  return failure;
}
