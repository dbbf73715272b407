import type { TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';

/**
 * Waits until the daemon says what is wrong: in its status, on /readyz, and in the log. In the first two at one time: a turn that finds nothing
 * to do, before the page that fails comes again, counts as good, and both then say for up to a second that all is well. @returns what it says
 */
export async function untilFailure(daemon: TestDaemon, code: string) {
  let failure: { message: string; hint?: string } | undefined;
  await eventually(
    async () => {
      const { archive } = await daemon.status();
      expect(archive.failure).toMatchObject({ code });
      failure = archive.failure ?? undefined;
      const ready = await fetch(`${daemon.url}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining(code)]);
    },
    { alive: daemon.running },
  );
  expect(daemon.log.lines.filter(({ message }) => message === failure?.message)).not.toEqual([]);
  return failure;
}
