import type { Stage } from '../../pipeline/turns';
import type { Gained, Standing } from '../position/standing';

/** Ends the turn of an instance that does not own the stream: it must not apply anything. */
export const own =
  (standing: Standing, onGained: (gained: Gained) => void): Stage =>
  async () => {
    const found = await standing.ask();
    if (found.is === 'standby') return 'idle';
    if (found.is === 'gained') onGained(found);
    return undefined;
  };
