import type { Redis } from 'ioredis';
import { describeError } from '../errors';
import type { Finding } from '../status/finding';
import { streamKey } from './checkpoint';
import { keyspacePattern } from './mirror-event';
import { incarnationKey } from './redis-facts';

const record = 'aidb:model:0';

/** One command of each sort that the archive sends or its scripts call, and the grant it needs. */
const needed = (db: number): readonly (readonly [grant: string, ...command: string[]])[] => [
  ['+ping', 'PING'],
  ['+info', 'INFO', 'server'],
  ['+type %R~aidb:*', 'TYPE', record],
  ['+hget %R~aidb:*', 'HGET', record, 'id'],
  ['+hmget %R~aidb:*', 'HMGET', record, 'id'],
  ['+hgetall %R~aidb:*', 'HGETALL', record],
  ['+mget %R~aidb:*', 'MGET', 'aidb:counter:model'],
  ['+scan', 'SCAN', '0'],
  ['+evalsha', 'EVALSHA', '0'.repeat(40), '0'],
  ['+eval', 'EVAL', 'return 1', '0'],
  [`+get ~millrace:*`, 'GET', incarnationKey],
  [`+set ~millrace:*`, 'SET', incarnationKey, ''],
  [`+xadd ~millrace:*`, 'XADD', streamKey, '*', 'a', 'b'],
  [`+xread ~millrace:*`, 'XREAD', 'STREAMS', streamKey, '0'],
  [`+xrange ~millrace:*`, 'XRANGE', streamKey, '-', '+'],
  [`+xlen ~millrace:*`, 'XLEN', streamKey],
  [`+xtrim ~millrace:*`, 'XTRIM', streamKey, 'MINID', '0'],
  [`+xinfo|stream ~millrace:*`, 'XINFO', 'STREAM', streamKey],
  [`+psubscribe &${keyspacePattern(db)}`, 'PSUBSCRIBE', keyspacePattern(db)],
];

/**
 * What this user may not do. Each command is only queued in a transaction that is then given up: Redis checks the rights when it
 * queues, and nothing is executed. A connection of its own. @throws only for want of a connection
 */
export async function missingRights(client: Redis, db: number): Promise<readonly string[]> {
  const missing: string[] = [];
  const refused = (error: unknown): boolean => {
    const { message } = describeError(error);
    if (message.startsWith('NOPERM')) return true;
    if (/^(ERR|NOSCRIPT|EXECABORT)/.test(message)) return false; // another matter
    throw error;
  };
  try {
    await client.call('MULTI');
  } catch (error) {
    if (refused(error)) return ['+multi +exec +discard'];
    throw error;
  }
  for (const [grant, command, ...values] of needed(db)) {
    await client.call(command ?? '', ...values).catch((error: unknown) => {
      if (refused(error)) missing.push(grant);
    });
  }
  await client.call('DISCARD').catch((error: unknown) => {
    if (refused(error)) missing.push('+discard');
  });
  return missing;
}

export function rightsFinding(missing: readonly string[]): Finding {
  if (missing.length === 0) return { level: 'ok', what: 'this Redis user may do all that the archive needs' };
  return {
    level: 'problem',
    what: `this Redis user may not: ${missing.map((grant) => grant.split(' ')[0]?.slice(1)).join(', ')}`,
    remedy: `ACL SETUSER <user> ${[...new Set(missing.flatMap((grant) => grant.split(' ')))].join(' ')}`,
  };
}
