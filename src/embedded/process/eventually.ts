import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/** Whether the condition came true before the deadline. */
export async function eventually(condition: () => Promise<boolean>, deadlineMs: number): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await delay(POLL_MS);
  }
  return true;
}
