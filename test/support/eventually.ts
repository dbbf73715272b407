import { setTimeout as delay } from 'node:timers/promises';
import { patience } from './patience';

/**
 * Waits until `check` no longer throws (and does not return false). The longer it has waited, the more seldom it looks: a wait that
 * keeps a core busy makes all that run beside it late.
 * @param within milliseconds on a quiet machine, see patience
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
  const begun = Date.now();
  const isLate = () => Date.now() - begun > within * patience();
  for (;;) {
    try {
      if ((await Promise.race([check(), died])) !== false) return;
      if (isLate()) throw new Error(`not within ${within} ms: ${check.toString()}`);
    } catch (error) {
      if (isLate()) throw error;
    }
    await Promise.race([delay(Math.min(50, 3 + (Date.now() - begun) / 20)), died]);
  }
}
