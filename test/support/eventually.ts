import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `check` no longer throws (and does not return false), looking every few milliseconds.
 * @param alive rejects when the thing under test has died: the test then fails at once, with its error.
 */
export async function eventually(
  check: () => unknown,
  {
    within = 15_000,
    alive = new Promise<never>(() => undefined),
  }: { within?: number; alive?: Promise<unknown> } = {},
): Promise<void> {
  const died = alive.then(() => {
    throw new Error('the task under test ended');
  });
  died.catch(() => undefined);
  const deadline = Date.now() + within;
  for (;;) {
    try {
      if ((await Promise.race([check(), died])) !== false) return;
      if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${check.toString()}`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await Promise.race([delay(3), died]);
  }
}
