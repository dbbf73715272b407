import { join } from 'node:path';
import { type DaemonProcess, startDaemon } from '../daemon-process';
import { type Stores, withStores } from '../stores';
import { createDataset } from './dataset';
import { startWriter, type WriterProcess } from './writer-process';

/** The daemon and the application, each a process of its own; the first full pass is complete. */
export interface Scene extends Stores {
  readonly dbPath: string;
  readonly daemon: DaemonProcess;
  readonly writer: WriterProcess;
}

export interface SceneOptions {
  readonly rows: number;
  /** Seconds between full passes. */
  readonly interval: number;
}

export const withScene = <T>(options: SceneOptions, work: (scene: Scene) => Promise<T>): Promise<T> =>
  withStores(async (stores) => {
    const dbPath = join(stores.folder, 'sports_data.db');
    createDataset(dbPath, options.rows);
    const { redisUrl } = stores;
    const settings = {
      REDIS_URL: redisUrl,
      DB_PATH: dbPath,
      MILLRACE_ONLY: 'aliases',
      SYNC_INTERVAL: String(options.interval),
    };
    const daemon = await startDaemon(settings, stores.folder);
    const writer = startWriter(dbPath, redisUrl);
    try {
      await daemon.nth('pass.done', 1);
      return await work({ ...stores, dbPath, daemon, writer });
    } finally {
      await writer.stop();
      await daemon.stop();
    }
  });
