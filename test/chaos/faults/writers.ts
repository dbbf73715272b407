import { writerNames } from '../scene/writers';
import type { Fault } from './fault';
import { pause, times } from './surely';

export const writerFaults: readonly Fault[] = [
  {
    name: 'kill-writers',
    party: 'writers',
    what: 'kill -9 of the applications, amid their writes',
    hitsWriters: true,
    run: (scene, random) =>
      times(6, async () => {
        await pause(random, 50, 500);
        await scene.writers?.kill(random.pick(writerNames));
      }),
  },
];
