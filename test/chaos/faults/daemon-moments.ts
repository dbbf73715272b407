import { type Scene, waitFor } from '../scene/scene';
import type { Trap, Verdict } from '../scene/wire';
import type { Fault } from './fault';
import { appliesIn, commitIn, copyIn, type Message, trimsIn } from './messages';
import { comesByMs, pause, times } from './surely';

const pulls = 3;

/** A moment of the protocol, as the wire sees it: there the daemon is killed, and what it had sent arrives, or does not. */
export interface Moment {
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
export async function pull(scene: Scene, { wire, message, at, then }: Moment): Promise<boolean> {
  let pulled = false;
  const held = async (): Promise<Verdict> => {
    await scene.daemon.kill('SIGKILL');
    pulled = true;
    return then;
  };
  const release = scene[wire].wire.hold({
    at,
    held,
    ...(message === undefined ? {} : { text: message(scene) }),
  });
  const came = await waitFor(() => pulled, comesByMs(scene));
  release();
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

/**
 * A message is on its way for so long that its sender has given it up, and has gone on; then it arrives. Its sender was asleep before, so
 * that there is much in it.
 */
const late = (name: string, what: string, wire: 'redis' | 'postgres', message: Message): Fault => ({
  name,
  party: 'daemon',
  what,
  run: async (scene, random) => {
    const first = scene.daemon;
    first.pause();
    await pause(random, 300, 500);
    let arrived = false;
    const held = async (): Promise<Verdict> => {
      await pause(random, 7_000, 9_000);
      arrived = true;
      return 'pass';
    };
    const release = scene[wire].wire.hold({ text: message(scene), at: 'request', held });
    first.resume();
    const second = scene.startDaemon();
    const came = await waitFor(() => arrived, comesByMs(scene) + 9_000);
    release();
    if (!came && !scene.inStorm) scene.troubles.push(`${name} never came by`);
    await scene.oneDaemon();
    await second.listening;
  },
});

export const momentFaults: readonly Fault[] = [
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
];
