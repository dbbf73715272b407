import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/foundation/package-root';
import { type DaemonProcess, startDaemon } from '../daemon-process';
import type { Program } from './program';

/** Seconds: no pass of the interval helps. One is asked for where the tail has missed something, as the interval would do. */
const never = '1000000';

/** The daemon as it is built, with the settings of every user but these. */
export function millrace(
  settings: Readonly<Record<string, string>>,
  folder: string,
  isReady: (daemon: DaemonProcess) => Promise<unknown>,
): Program {
  const env = { ...settings, SYNC_INTERVAL: never };
  let daemon: Promise<DaemonProcess> | undefined;
  return {
    start: () => {
      daemon = startDaemon(env, folder);
      daemon.catch(() => undefined); // told by `ready`
    },
    ready: async () => {
      if (daemon !== undefined) await isReady(await daemon);
    },
    stop: async () => (await daemon)?.stop(),
    kill: async () => (await daemon)?.kill(),
    pass: async () => {
      const cli = join(packageRoot, 'dist', 'src', 'cli.js');
      await promisify(execFile)(process.execPath, [cli, 'reconcile'], {
        cwd: folder,
        env: { PATH: process.env['PATH'], ...env },
      });
    },
  };
}
