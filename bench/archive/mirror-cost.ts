import { count } from '../figure';
import type { Part } from '../suite';
import { arrived } from './arrival';
import { type Server, withPostgres } from './database';
import { verify } from './fingerprint';
import { writeLoad } from './load';
import { type Scene, settled, withScene } from './scene';
import { sizesFor } from './sizes';

const perSecond = 5_000;

/** What Redis spends on the mirror: its notifications, its nominations, and what is read back. */
export const mirrorCost: Part = {
  name: 'mirror-cost',
  seconds: [80, 25],
  measure: ({ quick, rounds, progress }) =>
    withPostgres(async (server) => {
      const { mirrorSeconds } = sizesFor(quick);
      const costs = { on: [] as number[], off: [] as number[] };
      for (let round = 1; round <= rounds; round++) {
        for (const mirror of ['on', 'off'] as const) {
          progress(`round ${round} of ${rounds}, mirror ${mirror}`);
          costs[mirror].push(await measure(server, mirror, mirrorSeconds));
        }
      }
      return [
        {
          name: 'CPU of Redis for a plain prediction, with the mirror',
          covers:
            `user and system time (INFO cpu) until all are archived, divided by the predictions: INCR, HSET, ZADD at ${count(perSecond)}/s for ` +
            `${mirrorSeconds} s by another process. Beside it the same with MIRROR=off.`,
          unit: 'µs',
          rounds: costs.on,
          comparisons: [{ name: 'without', kind: 'floor', rounds: costs.off }],
        },
      ];
    }),
};

const measure = (server: Server, mirror: 'on' | 'off', seconds: number): Promise<number> =>
  withScene(server, async (scene) => {
    const { redisUrl, versionId, database } = scene;
    const daemon = await scene.start({ MIRROR: mirror });
    await settled(daemon);
    const written = perSecond * seconds;
    const before = await cpuMicroseconds(scene);
    await writeLoad(redisUrl, { way: 'plain', versionId, count: written, perSecond });
    if (mirror === 'on') await arrived(database, 1, written);
    const used = (await cpuMicroseconds(scene)) - before;
    if (mirror === 'on') await verify(scene, 'prediction', written);
    const indexed = await scene.client.zcard(`aidb:idx:predictions:${versionId}`);
    if (indexed !== written) throw new Error(`Redis holds ${indexed} of ${written} predictions`);
    return used / written;
  });

async function cpuMicroseconds({ client }: Scene): Promise<number> {
  const info = await client.info('cpu');
  const of = (name: string) => Number(new RegExp(`^used_cpu_${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return (of('sys') + of('user')) * 1e6;
}
