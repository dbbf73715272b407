import { setTimeout as delay } from 'node:timers/promises';
import { ModelStore } from '../../src/writer/model-store';
import { type DaemonProcess, startDaemon } from '../daemon-process';
import { type Stores, withStores } from '../stores';
import type { Database, Server } from './database';

/** A Redis and a database of their own; the daemon is a process of its own, and begins when it is told to. */
export interface Scene extends Stores {
  readonly database: Database;
  /** On a connection of the benchmark's. */
  readonly store: ModelStore;
  /** What predictions are of. Written at once: the first thing that a daemon finds. */
  readonly versionId: number;
  /** Starts the daemon. It is stopped with the scene; that it ends by itself fails the scene. */
  readonly start: (settings?: Readonly<Record<string, string>>) => Promise<DaemonProcess>;
}

/** Seconds: longer than any part of the benchmark, so that no pass comes in between. */
export const never = '1000000';

export const withScene = <T>(server: Server, work: (scene: Scene) => Promise<T>): Promise<T> =>
  withStores((stores) =>
    server.withDatabase(async (database) => {
      const store = new ModelStore(stores.redisUrl);
      const daemons: DaemonProcess[] = [];
      let fail: (error: unknown) => void = () => undefined;
      const crashed = new Promise<never>((_resolve, reject) => (fail = reject));
      const start: Scene['start'] = async (settings = {}) => {
        const common = { REDIS_URL: stores.redisUrl, POSTGRES_URL: database.url, MILLRACE_ONLY: 'archive' };
        const daemon = await startDaemon({ ...common, SYNC_INTERVAL: never, ...settings }, stores.folder);
        daemons.push(daemon);
        daemon.crashed.catch(fail);
        return daemon;
      };
      try {
        const modelId = await store.createModel({ name: 'bench' });
        const versionId = await store.createModelVersion({ modelId, version: '1.0.0' });
        return await Promise.race([work({ ...stores, database, store, versionId, start }), crashed]);
      } finally {
        for (const daemon of daemons) await daemon.stop();
        store.close();
      }
    }),
  );

/** The same Redis beside another database. */
export const onDatabase = (scene: Scene, database: Database): Scene => ({
  ...scene,
  database,
  start: (settings = {}) => scene.start({ POSTGRES_URL: database.url, ...settings }),
});

/** What is looked at of GET /status. */
interface Status {
  readonly archive: {
    readonly role: string;
    readonly mirror: { readonly state: string };
    readonly passRunning: boolean;
    readonly lastPass: unknown;
    readonly failure: unknown;
  };
}

/** Until the daemon owns the stream, its mirror listens (or is off), and the passes of its start are over. */
export async function settled(daemon: DaemonProcess): Promise<void> {
  const deadline = Date.now() + 300_000;
  for (;;) {
    const { archive } = (await daemon.status()) as Status;
    const { role, mirror, passRunning, lastPass } = archive;
    if (role === 'owner' && mirror.state !== 'waiting' && !passRunning && lastPass !== null) return;
    if (Date.now() > deadline) throw new Error(`the daemon did not settle: ${JSON.stringify(archive)}`);
    await delay(50);
  }
}

/** Longer, and connections of the daemon's would give up: what follows would not be what is meant. */
const longestPauseMs = 4_000;

/** Does the work while the daemon does nothing. @throws when that took so long that the daemon noticed */
export async function whilePaused(daemon: DaemonProcess, work: () => Promise<unknown>): Promise<void> {
  daemon.pause();
  try {
    const start = Date.now();
    await work();
    if (Date.now() - start > longestPauseMs) {
      throw new Error(`the daemon was paused for ${Date.now() - start} ms: the machine is too slow for this`);
    }
  } finally {
    daemon.resume();
  }
}
