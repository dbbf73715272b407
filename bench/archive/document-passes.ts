import { fullPass } from './arrival';
import type { Server } from './database';
import { counted, verify } from './fingerprint';
import { settled, withScene } from './scene';
import { plainMany } from './writes';

/** The full pass alone: nobody tells the daemon anything. @returns milliseconds of each, as the daemon says */
export const passes = (
  server: Server,
  size: number,
  rounds: number,
  progress: (what: string) => void,
): Promise<readonly number[]> =>
  withScene(server, async (scene) => {
    const daemon = await scene.start({ MIRROR: 'off' });
    await settled(daemon);
    const times: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      progress(`full pass, round ${round} of ${rounds}`);
      await scene.client.unlink(...(await scene.client.keys('aidb:prediction:*')), 'aidb:none');
      const first = (await counted(scene.client, 'prediction')) + 1;
      await plainMany(scene.client, scene.versionId, size);
      const { ms } = await fullPass(daemon, scene.database);
      await verify(scene, 'prediction', size, first);
      if (round > 0) times.push(Number(ms)); // the first warms up
    }
    return times;
  });
