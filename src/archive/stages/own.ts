import type { Stage } from '../../pipeline/turns';
import type { Gained, Standing } from '../position/standing';

/** Nothing is applied by whoever does not own the stream. */
export const own =
  (standing: Standing, onGained: (gained: Gained) => void): Stage =>
  async () => {
    const found = await standing.ask();
    if (found.is === 'standby') return 'idle';
    if (found.is === 'gained') onGained(found);
    return undefined;
  };
