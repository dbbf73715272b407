import { join } from 'node:path';
import { packageRoot } from '../../../src/foundation/package-root';
import { settled } from '../../archive/scene';
import { millrace } from '../millrace';
import type { Contender } from '../program';
import { rival } from '../rival';
import type { ArchiveStores } from './scene';

const script = (name: string): string =>
  join(packageRoot, 'dist', 'bench', 'compare', 'archive', `${name}-process.js`);

export const archiveContenders: readonly Contender<ArchiveStores>[] = [
  {
    name: 'polling',
    is: 'the algorithm of the document: what has no row of its name is inserted, every 300 s',
    follows: false,
    patienceMs: 0,
    program: ({ redisUrl, postgresUrl }) =>
      rival({ script: script('poller'), args: [redisUrl, postgresUrl], polls: true }),
  },
  {
    name: 'notifications',
    is: 'keyspace notifications alone: each key that is heard of is read, and written',
    follows: true,
    patienceMs: 2_000,
    program: ({ redisUrl, postgresUrl }) =>
      rival({ script: script('notifications'), args: [redisUrl, postgresUrl], polls: false }),
  },
  {
    name: 'Millrace',
    is: 'the daemon as it is built',
    follows: true,
    patienceMs: 10_000,
    program: ({ folder, redisUrl, postgresUrl }) =>
      millrace({ REDIS_URL: redisUrl, POSTGRES_URL: postgresUrl, MILLRACE_ONLY: 'archive' }, folder, settled),
  },
];
