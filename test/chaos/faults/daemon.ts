import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import { appliesIn, commitIn, copyIn, type Message, trimsIn } from './messages';
import { packageRoot } from '../../../src/foundation/package-root';
import { type Scene, waitFor } from '../scene/scene';
import type { Trap, Verdict } from '../scene/wire';
import type { Fault } from './fault';
import { pause, times } from './surely';

const pulls = 3;
/** A moment of the protocol comes by within so much, or it is not what the harness takes it for. */
const comesByMs = 15_000;

/** A moment of the protocol, as the wire sees it: there the daemon is killed, and what it had sent arrives, or does not. */
interface Moment {
  readonly name: string;
  readonly what: string;
  readonly wire: 'redis' | 'postgres';
  /** None: the first message of a connection. */
  readonly message?: Message;
  readonly at: Trap['at'];
  readonly then: Verdict;
}

const moments: readonly Moment[] = [
  {
    name: 'kill-before-commit',
    what: 'kill -9 when it has sent all of a page but its COMMIT',
    wire: 'postgres',
    message: commitIn,
    at: 'request',
    then: 'drop',
  },
  {
    name: 'kill-between-commit-and-reply',
    what: 'kill -9 when Postgres has committed, and before it hears of it',
    wire: 'postgres',
    message: commitIn,
    at: 'reply',
    then: 'drop',
  },
  {
    name: 'kill-at-commit',
    what: 'kill -9 when it has sent COMMIT, which arrives after its death',
    wire: 'postgres',
    message: commitIn,
    at: 'request',
    then: 'pass',
  },
  {
    name: 'kill-in-copy',
    what: 'kill -9 when a COPY has begun',
    wire: 'postgres',
    message: copyIn,
    at: 'reply',
    then: 'drop',
  },
  {
    name: 'kill-before-script',
    what: 'kill -9 before the script that applies a page of changes to Redis',
    wire: 'redis',
    message: appliesIn,
    at: 'request',
    then: 'drop',
  },
  {
    name: 'kill-between-script-and-reply',
    what: 'kill -9 when the script has run, and before it hears of it',
    wire: 'redis',
    message: appliesIn,
    at: 'reply',
    then: 'drop',
  },
  {
    name: 'kill-at-script',
    what: 'kill -9 when it has sent the script, which arrives after its death',
    wire: 'redis',
    message: appliesIn,
    at: 'request',
    then: 'pass',
  },
  {
    name: 'kill-before-trim',
    what: 'kill -9 between its commit and the trimming of the stream',
    wire: 'redis',
    message: trimsIn,
    at: 'request',
    then: 'drop',
  },
];

/** Holds what comes by there, once. @returns whether it came by */
async function pull(scene: Scene, { wire, message, at, then }: Moment): Promise<boolean> {
  let pulled = false;
  const held = async (): Promise<Verdict> => {
    await scene.daemon.kill('SIGKILL');
    pulled = true;
    return then;
  };
  scene[wire].wire.hold({ at, held, ...(message === undefined ? {} : { text: message(scene) }) });
  const came = await waitFor(() => pulled, comesByMs);
  scene[wire].wire.release();
  return came;
}

const atMoment = (moment: Moment): Fault => ({
  name: moment.name,
  party: 'daemon',
  what: moment.what,
  run: (scene, random) =>
    times(pulls, async () => {
      await pause(random, 0, 300);
      const came = await pull(scene, moment);
      if (!came && !scene.inStorm) scene.troubles.push(`${moment.name} never came by`);
      if (came) await scene.startDaemon().listening;
    }),
});

/** A message is on its way for so long that its sender has given it up, and has gone on; then it arrives. */
const late = (name: string, what: string, wire: 'redis' | 'postgres', message: Message): Fault => ({
  name,
  party: 'daemon',
  what,
  run: (scene, random) =>
    times(2, async () => {
      let arrived = false;
      const held = async (): Promise<Verdict> => {
        await pause(random, 7_000, 9_000);
        arrived = true;
        return 'pass';
      };
      scene[wire].wire.hold({ text: message(scene), at: 'request', held });
      const second = scene.startDaemon();
      const came = await waitFor(() => arrived, comesByMs);
      if (!came && !scene.inStorm) scene.troubles.push(`${name} never came by`);
      await scene.oneDaemon();
      await second.listening;
    }),
});

export const daemonFaults: readonly Fault[] = [
  late(
    'script-arrives-late',
    'a script that applies changes is on its way for eight seconds, while another instance goes on',
    'redis',
    appliesIn,
  ),
  late(
    'commit-arrives-late',
    'a COMMIT is on its way for eight seconds, while another instance goes on',
    'postgres',
    commitIn,
  ),
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
  ...moments.map(atMoment),
  {
    name: 'kill-in-handshake',
    party: 'daemon',
    what: 'kill -9 at its first word to Redis, then at its first to Postgres',
    run: async (scene) => {
      for (const wire of ['redis', 'postgres'] as const) {
        await scene.daemon.kill('SIGKILL');
        const moment: Moment = { name: 'handshake', what: '', wire, at: 'request', then: 'pass' };
        const came = pull(scene, moment);
        const daemon = scene.startDaemon();
        if (!(await came) && !scene.inStorm) scene.troubles.push(`it never spoke to ${wire}`);
        await daemon.kill('SIGKILL');
        await scene.startDaemon().listening;
      }
    },
  },
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
        if (!scene.inStorm && monotonicMs() - begun > 6_000)
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
    name: 'reconcile-beside',
    party: 'daemon',
    what: '`millrace reconcile` beside the daemon, three times',
    run: (scene) =>
      times(3, async () => {
        const code = await scene.run('reconcile');
        if (!scene.inStorm && code !== 0 && code !== 2)
          scene.troubles.push(`reconcile ended with ${String(code)}`);
      }),
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
        const shim = join(packageRoot, 'dist', 'test', 'chaos', 'faults', 'clock-shim.js');
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
