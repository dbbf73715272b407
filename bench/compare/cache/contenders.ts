import { join } from 'node:path';
import { packageRoot } from '../../../src/foundation/package-root';
import { millrace } from '../millrace';
import type { Contender } from '../program';
import { rival } from '../rival';
import type { CacheStores } from './scene';

const script = (name: string): string =>
  join(packageRoot, 'dist', 'bench', 'compare', 'cache', `${name}-process.js`);

export const cacheContenders: readonly Contender<CacheStores>[] = [
  {
    name: 'polling',
    is: 'the algorithm of the document: everything is read and compared every 120 s',
    follows: false,
    patienceMs: 0,
    program: ({ dbPath, redisUrl }) =>
      rival({ script: script('poller'), args: [dbPath, redisUrl], polls: true }),
  },
  {
    name: 'AFTER triggers',
    is: "a log by AFTER triggers, read by change_id from an offset in a file, as Debezium's connector for SQLite is built",
    follows: true,
    patienceMs: 2_000,
    program: ({ dbPath, redisUrl }) =>
      rival({ script: script('trigger-capture'), args: [dbPath, redisUrl], polls: false }),
  },
  {
    name: 'Millrace',
    is: 'the daemon as it is built',
    follows: true,
    patienceMs: 10_000,
    program: ({ folder, dbPath, redisUrl }) =>
      millrace({ REDIS_URL: redisUrl, DB_PATH: dbPath, MILLRACE_ONLY: 'aliases' }, folder, (daemon) =>
        daemon.nth('pass.done', 1),
      ),
  },
];
