import type { Catalogue } from '../mapping/kinds';
import { keyspacePattern } from './keyspace-pattern';

/**
 * The ACL rules that the daemon and the verbs need, and no more; deploy/redis/millrace.acl says the same, and tests compare both with the
 * commands that are really sent. They allow reading the application's records, and not changing one. (Redis lets a script have keys
 * only with the right to write them, whatever it does; inside the script each command is checked again.)
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
