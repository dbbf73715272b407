import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import { packageRoot } from '../../../src/foundation/package-root';
import { patience } from '../../support/patience';
import { momentFaults } from './daemon-moments';
import type { Fault } from './fault';
import { pause, times } from './surely';

export const daemonFaults: readonly Fault[] = [
  {
    name: 'kill-at-random',
    party: 'daemon',
    what: 'kill -9 at any moment, five times',
    run: (scene, random) =>
      times(5, async () => {
        await pause(random, 50, 1_500);
        await scene.restartDaemon();
      }),
  },
  ...momentFaults,
  {
    name: 'sigterm-under-load',
    party: 'daemon',
    what: 'SIGTERM while all write, three times: it ends in order, and within six seconds',
    run: (scene, random) =>
      times(3, async () => {
        await pause(random, 50, 800);
        const begun = monotonicMs();
        const code = await scene.daemon.kill('SIGTERM');
        if (!scene.inStorm && code !== 0) scene.troubles.push(`it ended with ${String(code)} at SIGTERM`);
        if (!scene.inStorm && monotonicMs() - begun > 6_000 * patience())
          scene.troubles.push('it took over six seconds to end');
        await scene.startDaemon().listening;
      }),
  },
  {
    name: 'stopped-and-overtaken',
    party: 'daemon',
    what: 'SIGSTOP; a second instance takes over; then the first wakes up, and goes on where it was',
    run: async (scene, random) => {
      const first = scene.daemon;
      first.pause();
      try {
        await scene.startDaemon().listening;
        await scene.untilGreen();
        await pause(random, 500, 3_000);
      } finally {
        first.resume();
      }
      await delay(2_000);
      await first.kill('SIGKILL');
    },
  },
  {
    name: 'reloads',
    party: 'daemon',
    what: 'SIGHUP while all write, six times: it reads its file of mappings anew',
    run: (scene, random) =>
      times(6, async () => {
        scene.daemon.hangUp();
        await pause(random, 50, 1_000);
      }),
  },
  {
    name: 'daemon-clock',
    party: 'daemon',
    what: 'its clock is a day ahead, then a day behind, then jumps to and fro',
    run: async (scene) => {
      for (const clock of ['ahead', 'behind', 'jumps']) {
        await scene.daemon.kill('SIGTERM');
        const shim = join(packageRoot, 'dist', 'test', 'chaos', 'shim', 'clock-shim.js');
        await scene.startDaemon({ NODE_OPTIONS: `--require ${shim}`, CHAOS_CLOCK: clock }).listening;
        await delay(3_000);
      }
      await scene.restartDaemon();
    },
  },
  {
    name: 'two-at-once',
    party: 'daemon',
    what: 'two instances side by side; the first is killed, and the second goes on',
    run: async (scene, random) => {
      const first = scene.daemon;
      await scene.startDaemon().listening;
      await pause(random, 1_500, 4_000);
      await first.kill('SIGKILL');
    },
  },
];
