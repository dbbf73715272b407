import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random';
import { lackOfShim } from '../shim/store-shim';
import type { Scene } from '../scene/scene';
import type { Fault } from './fault';
import { pause, times } from './surely';

const day = 86_400_000;
const hour = 3_600_000;

/** What takes its time from a store's clock meets one that is off; Millrace dies in between, and its next life finds what was stamped by another time. */
async function turn(scene: Scene, store: 'redis' | 'postgres', random: Random): Promise<void> {
  const { shim } = scene[store];
  const far = day * random.pick([1, 3]);
  try {
    for (const [before, offMs] of [
      [0, far],
      [far, 0],
      [0, -far],
      [-far, 0],
    ] as const) {
      // Of a clock that was put back the next life finds what is stamped by a time to come.
      const dies = before > offMs || random.next() < 0.5;
      if (dies) await scene.daemon.kill('SIGKILL');
      shim?.setClock(offMs);
      if (dies) await scene.startDaemon().listening;
      await pause(random, 1_500, 3_000);
    }
    await times(8, async () => {
      shim?.setClock(random.pick([-hour, -1_000, 0, 1_000, hour]));
      await delay(300);
    });
  } finally {
    shim?.setClock(0);
  }
}

const clockOf = (store: 'redis' | 'postgres', what: string): Fault => ({
  party: store,
  name: `${store}-clock`,
  what,
  lacks: lackOfShim,
  run: (scene, random) => turn(scene, store, random),
});

export const clockFaults: readonly Fault[] = [
  clockOf(
    'redis',
    'the clock of Redis is a day or three ahead, right again, as much behind, right again, then jumps to and fro; kill -9 of Millrace meanwhile',
  ),
  clockOf(
    'postgres',
    'the clock of Postgres is a day or three ahead, right again, as much behind, right again, then jumps to and fro; kill -9 of Millrace meanwhile',
  ),
];
