import type { Catalogue } from '../mapping/kinds';
import { keyspacePattern } from './keyspace';

/**
 * What the daemon and the verbs may do in Redis, and nothing more; deploy/redis/millrace.acl says the same, and the tests hold both
 * against what is really called. They read the application's records and cannot change one: only scripts may be given those keys
 * for writing, as Redis asks for it whatever a script does, and inside a script each command is checked again.
 */
export const daemonGrants = (catalogue: Catalogue): string =>
  [...['%R~aidb:*', '~alias:*', '~millrace:*'], `&${keyspacePattern(0, catalogue)}`, ...commands].join(' ');

const commands = [
  ...['+ping', '+info', '+select', '+client|setname', '+config|get', '+psubscribe'],
  ...[
    '+function|list',
    '+fcall',
    '+eval',
    '+evalsha',
    '+multi',
    '+discard',
    '+time',
    '+memory|usage',
    '+hstrlen',
    '+strlen',
  ],
  ...['+scan', '+type', '+get', '+mget', '+hget', '+hmget', '+hgetall', '+zrange', '+zscore', '+zcount'],
  ...['+xadd', '+xread', '+xrange', '+xrevrange', '+xlen', '+xtrim', '+xdel', '+xinfo|stream'],
  ...['+set', '+mset', '+unlink', '+del', '+rename', '+pttl', '+dbsize'],
  '(~aidb:* +eval +evalsha)',
];
