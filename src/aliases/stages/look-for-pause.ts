import type { RedisConnection } from '../../connections/redis';
import type { Stage } from '../../pipeline/turns';
import type { PauseState } from '../../pipeline/pause';
import { readPause } from '../sink/pause';

/** How often: less than the second in which a pause takes effect. */
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
