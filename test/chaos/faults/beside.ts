import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { plainModel, plainPrediction, plainVersion } from '../../support/plain-writer';
import type { Scene } from '../scene/scene';
import type { Fault } from './fault';
import { pause, surely, times } from './surely';

/** A verb beside the daemon. Either finds all in step, or that something is parked. */
async function beside(scene: Scene, ...verb: readonly string[]): Promise<void> {
  const code = await scene.run(...verb);
  if (!scene.inStorm && code !== 0 && code !== 2)
    scene.troubles.push(`${verb.join(' ')} ended with ${String(code)}`);
}

const old = '2020-02-03T04:05:06.789012';
const oldRecords = 60;

/** Predictions that are older than anybody keeps, each under a name of its own. @returns their keys */
async function writeOld(scene: Scene): Promise<string[]> {
  const { client } = scene.redis;
  const { writers } = scene;
  if (writers === undefined) throw new Error('nobody writes');
  const { journal, prefix } = writers.journalFor('old');
  const model = await plainModel(client, { name: prefix });
  const version = await plainVersion(client, model, { version: prefix });
  const keys: string[] = [];
  for (let n = 1; n <= oldRecords; n++) {
    const name = `${prefix}.${n}`;
    const input = JSON.stringify({ chaos: name });
    await journal.note({ once: [name] }, async () => {
      keys.push(`aidb:prediction:${await plainPrediction(client, version, { input, timestamp: old })}`);
    });
  }
  journal.close();
  return keys;
}

async function thereOf(client: Redis, keys: readonly string[]): Promise<string[]> {
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.exists(key);
  const there = (await pipeline.exec()) ?? [];
  return keys.filter((_, at) => there[at]?.[1] === 1);
}

/** The newest of those predictions that their writer leaves where they are. */
async function youngPredictions({ redis: { client } }: Scene): Promise<string[]> {
  const last = Number(await client.get('aidb:counter:prediction'));
  const keys = Array.from({ length: 500 }, (_, at) => `aidb:prediction:${last - at}`);
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.hmget(key, 'input', 'timestamp');
  const found = (await pipeline.exec()) ?? [];
  return keys.filter((_, at) => {
    const [input, timestamp] = (found[at]?.[1] ?? []) as (string | null)[];
    return /"r\d+\.p\d+\./.test(input ?? '') && timestamp !== null && timestamp !== old;
  });
}

export const besideFaults: readonly Fault[] = [
  {
    name: 'reconcile-beside',
    party: 'daemon',
    what: '`millrace reconcile` beside the daemon, three times',
    run: (scene) => times(3, () => beside(scene, 'reconcile')),
  },
  {
    name: 'warm-beside',
    party: 'daemon',
    what: '`millrace warm` beside the daemon and the applications: all is there, and stays as it is',
    run: (scene) => times(2, () => beside(scene, 'warm')),
  },
  {
    name: 'retention-beside',
    party: 'daemon',
    what: 'what is old is removed from Redis while all write, by `millrace retention` beside a daemon that does so, too; Millrace is killed three times; what is young stays',
    run: async (scene, random) => {
      const young = await youngPredictions(scene);
      if (!scene.inStorm && young.length < 10) scene.troubles.push('nothing young was there');
      const keys: string[] = [];
      await scene.daemon.kill('SIGTERM');
      const keeps = { RETENTION_DAYS: '30' };
      await scene.startDaemon(keeps).listening;
      await times(3, async () => {
        keys.push(...(await writeOld(scene)));
        await Promise.all([
          beside(scene, 'retention', '--days', '30'),
          pause(random, 100, 1_000)
            .then(() => scene.daemon.kill('SIGKILL'))
            .then(() => scene.startDaemon(keeps).listening),
        ]);
      });
      const gone = async () => {
        await beside(scene, 'retention', '--days', '30');
        return (await thereOf(scene.redis.client, keys)).length === 0;
      };
      if (!scene.inStorm) {
        for (let n = 0; n < 10 && !(await gone()); n++) await delay(500);
        const left = await thereOf(scene.redis.client, keys);
        if (left.length > 0)
          scene.troubles.push(`retention left ${left.length} of ${keys.length} old records`);
      }
      const still = await thereOf(scene.redis.client, young);
      if (still.length < young.length)
        scene.troubles.push(`${young.length - still.length} young records are gone from Redis`);
    },
  },
  {
    name: 'warm-into-flushed',
    party: 'redis',
    what: 'FLUSHALL, and `millrace warm` while all write: what Postgres has comes back, and what was written meanwhile stays',
    hitsWriters: true,
    alone: 'Redis forgets what was acknowledged',
    run: async (scene, random) => {
      await scene.rewind('redis', () => scene.redis.client.flushall());
      await pause(random, 0, 1_500);
      await beside(scene, 'warm', '--predictions', random.pick(['all', '50']));
      await pause(random, 500, 2_000);
      await surely(() => beside(scene, 'warm'));
    },
  },
];
