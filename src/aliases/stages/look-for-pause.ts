import type { RedisConnection } from '../../connections/redis';
import type { Stage } from '../../pipeline/turns';
import type { PauseState } from '../../pipeline/pause';
import { readPause } from '../sink/pause';

/** How often the pause is looked for: a pause has to take effect within a second. */
const everyMs = 900;

/** Whether somebody has paused the pipeline. */
export function lookForPause(connection: RedisConnection, pause: PauseState): Stage {
  let seenAt = -Infinity;
  return async () => {
    if (performance.now() - seenAt < everyMs) return undefined;
    pause.note(await readPause(connection));
    seenAt = performance.now();
    return undefined;
  };
}
