import { archiveOnce } from '../archive/once';
import { type Config, loadConfig } from '../config/load';
import { runDaemon } from '../daemon/daemon';
import type { DaemonRecord } from '../control/daemon-record';
import { isSampleDatabase } from '../embedded/sample-db';
import { aliasesOnce } from '../aliases/once';
import type { DemoAddresses } from './connections';
import { startServers } from './own-servers';
import { passLog } from './pass-log';

/** The stores of the demo: its own, or those of the `npm start` that runs in this folder. */
export interface Scene extends DemoAddresses {
  /** What these stores are, in words. */
  readonly what: readonly string[];
  /** Whether nobody else writes here. */
  readonly own: boolean;
  /** Makes a full pass of each pipeline. @returns their summaries, as the documents print them */
  readonly sync: () => Promise<{ readonly aliases: string; readonly archive: string; readonly http: string }>;
  readonly close: () => Promise<void>;
}

type Say = (line: string) => void;

/** The demo's configuration. It ignores the environment, so that the demo writes only into stores that Millrace has made. */
const configFor = ({ dbPath, redisUrl, postgresUrl }: DemoAddresses, folder: string): Config =>
  loadConfig({
    DB_PATH: dbPath,
    REDIS_URL: redisUrl,
    POSTGRES_URL: postgresUrl,
    MILLRACE_DIR: folder,
    HTTP_PORT: '0',
  });

/** The scene of the daemon that runs here, if all its stores are Millrace's own. */
export function besideDaemon(record: DaemonRecord | undefined, folder: string, say: Say): Scene | undefined {
  const { postgresUrl } = record ?? {};
  if (record?.ours !== true || postgresUrl === undefined || !isSampleDatabase(record.dbPath))
    return undefined;
  const addresses = { dbPath: record.dbPath, redisUrl: record.redisUrl, postgresUrl };
  const config = configFor(addresses, folder);
  return {
    ...addresses,
    what: [`With the daemon that runs in this folder (process ${record.pid}).`],
    own: false,
    sync: async () => {
      const { log, summary } = passLog(say);
      await aliasesOnce(config, log);
      await archiveOnce(config, log);
      return { aliases: await summary('aliases'), archive: await summary('archive'), http: record.http };
    },
    close: () => Promise.resolve(),
  };
}

/** A scene with servers and a daemon in this process, in a temporary folder that is removed at the end. */
export async function ownScene(say: Say): Promise<Scene> {
  const servers = await startServers(say);
  const config = configFor(servers, servers.folder);
  const stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  return {
    ...servers,
    own: true,
    sync: async () => {
      const { log, summary } = passLog(say);
      let http = '';
      const onRunning = (url = '') => (http = url);
      running = runDaemon({ config, log, signal: stop.signal, onRunning });
      const ended = running.then((): never => {
        throw new Error('the daemon stopped');
      });
      return Promise.race([
        ended,
        Promise.all([summary('aliases'), summary('archive')]).then(([aliases, archive]) => ({
          aliases,
          archive,
          http,
        })),
      ]);
    },
    close: async () => {
      stop.abort();
      await running.catch(() => undefined); // `sync` throws it
      await servers.close();
    },
  };
}
