import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import type { Random } from '../random';
import { type Scene, waitFor } from '../scene/scene';
import type { Wire } from '../scene/wire';
import type { Fault } from './fault';
import { appliesIn, commitIn, type Message } from './messages';
import { comesByMs, pause, times } from './surely';

const party = 'wire';
const bothOf = ({ redis, postgres }: Scene): readonly Wire[] => [redis.wire, postgres.wire];

/** Something that is so for a while, between Millrace and one store after the other. */
const forAWhile = (
  name: string,
  what: string,
  begin: (wire: Wire, random: Random) => void,
  red: boolean,
): Fault => ({
  party,
  name,
  what,
  run: async (scene, random) => {
    for (const wire of bothOf(scene)) {
      const since = monotonicMs();
      begin(wire, random);
      await (red && !scene.inStorm ? scene.turnsRed(since) : pause(random, 3_000, 5_000));
      wire.heal();
      await (red && !scene.inStorm ? scene.untilGreen() : delay(1_000));
    }
  },
});

const swallowing = (name: string, what: string, store: 'redis' | 'postgres', message: Message): Fault => ({
  party,
  name,
  what,
  run: (scene, random) =>
    times(6, async () => {
      const { wire } = scene[store];
      let swallowed = false;
      const release = wire.hold({ text: message(scene), at: 'reply', held: () => { swallowed = true; return 'drop'; } }); // prettier-ignore
      const came = await waitFor(() => swallowed, comesByMs(scene));
      release();
      if (!came && !scene.inStorm) scene.troubles.push(`${name} never came by`);
      await pause(random, 0, 500);
    }),
});

export const wireFaults: readonly Fault[] = [
  {
    party,
    name: 'wire-cut',
    what: 'connections are cut in the middle of answers, of Redis and of Postgres, twelve times each',
    run: (scene, random) =>
      times(12, async (n) => {
        for (const wire of bothOf(scene)) {
          const { cuts } = wire;
          wire.cutAfter(random.between(1, n * 300));
          await waitFor(() => wire.cuts > cuts, 5_000);
        }
      }),
  },
  swallowing(
    'wire-swallows-commit',
    'Postgres commits, and its answer is lost, six times',
    'postgres',
    commitIn,
  ),
  swallowing(
    'wire-swallows-script',
    'Redis has run the script that applies changes, and its answer is lost, six times',
    'redis',
    appliesIn,
  ),
  forAWhile('wire-slow', 'each message is late by 20 to 200 ms', (wire, random) => { wire.slow(() => random.between(20, 200)); }, false), // prettier-ignore
  forAWhile('wire-dribbles', 'answers come seven bytes at a time', (wire) => { wire.dribble(); }, false), // prettier-ignore
  forAWhile('wire-black', 'nothing passes, and nobody is told: a firewall that forgot', (wire) => { wire.goBlack(); }, true), // prettier-ignore
  forAWhile('wire-refuses', 'no connection is made or kept', (wire) => { wire.refuse(); }, true), // prettier-ignore
];
