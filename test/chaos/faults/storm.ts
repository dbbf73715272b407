import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import type { Fault, Party } from './fault';
import { pause } from './surely';

/** All of them mixed: each party suffers one after the other, and all parties at once. */
export const stormOf = (faults: readonly Fault[], seconds: number): Fault => ({
  name: 'storm',
  party: 'daemon',
  what: 'all faults that take nothing back, mixed at random: one at a time of each party, all parties at once',
  hitsWriters: true,
  alone: 'it is made of the others',
  run: async (scene, random) => {
    const fair = faults.filter(({ alone, lacks }) => alone === undefined && lacks?.() === undefined);
    const until = monotonicMs() + seconds * 1_000;
    scene.inStorm = true;
    const suffer = async (party: Party) => {
      const own = random.named(party);
      const possible = fair.filter((fault) => fault.party === party);
      while (possible.length > 0 && monotonicMs() < until) {
        await pause(own, 100, 2_000);
        const fault = own.pick(possible);
        await fault.run(scene, own).catch((error: unknown) => {
          // What one does another may stand in the way of: the daemon is dead, the server away.
          scene.said(`${fault.name}: ${error instanceof Error ? error.message : String(error)}`);
        });
      }
    };
    try {
      await Promise.all([...new Set(fair.map(({ party }) => party))].map(suffer));
      await delay(500);
    } finally {
      scene.inStorm = false;
    }
  },
});
