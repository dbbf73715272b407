import type { Stage } from '../../pipeline/turns';
import type { PauseState, PauseStore } from '../../pipeline/pause';

/** How often the pause is looked for: a pause has to take effect within a second, and at rest there are five turns in one (ease.ts). */
const everyMs = 700;

/** Whether somebody has paused the pipeline. */
export function lookForPause(store: PauseStore, pause: PauseState): Stage {
  let seenAt = -Infinity;
  return async () => {
    if (performance.now() - seenAt < everyMs) return undefined;
    pause.note(await store.read());
    seenAt = performance.now();
    return undefined;
  };
}
