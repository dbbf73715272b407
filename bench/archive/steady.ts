import type { DaemonProcess } from '../daemon-process';
import { verify } from './fingerprint';
import { writeLoad } from './load';
import { probe, probesPerSecond, type Sample } from './probe';
import type { Scene } from './scene';
import type { Way } from './writes';

export interface Steady {
  readonly scene: Scene;
  readonly way: Way;
  /** Predictions a second, those that are watched among them. */
  readonly perSecond: number;
  readonly seconds: number;
}

/** Writes at a steady rate for so long; about 100 predictions a second are watched. */
export async function steady({ scene, way, perSecond, seconds }: Steady): Promise<readonly Sample[]> {
  const rest = perSecond - probesPerSecond;
  let over = false;
  const load = async () => {
    if (rest > 0) {
      const { redisUrl, versionId } = scene;
      await writeLoad(redisUrl, { way, versionId, count: rest * seconds, perSecond: rest });
    }
  };
  const end = Date.now() + seconds * 1_000;
  const loading = load().finally(() => (over = true));
  const [samples] = await Promise.all([
    probe(scene, way, () => (rest > 0 ? !over : Date.now() < end)),
    loading,
  ]);
  return samples;
}

/** Everything that was written is in Postgres; and the daemon lives. */
export async function verifyAll(scene: Scene, daemon: DaemonProcess): Promise<void> {
  await daemon.status();
  const written = await scene.client.zcard(`aidb:idx:predictions:${scene.versionId}`);
  await verify(scene, 'prediction', written);
}
