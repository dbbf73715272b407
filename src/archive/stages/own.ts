import type { Stage } from '../../pipeline/turns';
import type { Gained, Standing } from '../position/standing';

/** Ends the turn of an instance that does not own the stream: it must not apply anything. @param onStandby called where another one does */
export const own =
  (standing: Standing, onGained: (gained: Gained) => void, onStandby: () => void): Stage =>
  async () => {
    const found = await standing.ask();
    if (found.is === 'standby') {
      if (standing.owner !== undefined) onStandby();
      return 'idle';
    }
    if (found.is === 'gained') onGained(found);
    return undefined;
  };
