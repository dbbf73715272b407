import { type Catalogue, ownKindsOf } from '../mapping/kinds';
import { globOf, keyspacePatterns } from './keyspace-pattern';

/**
 * The ACL rules that the daemon and the verbs need, and no more; deploy/redis/millrace.acl says the same, and tests compare both with the
 * commands that are really sent. They allow reading the application's records, and not changing one. (Redis lets a script have keys
 * only with the right to write them, whatever it does; inside the script each command is checked again.)
 */
export function daemonGrants(catalogue: Catalogue): string {
  const own = ownKindsOf(catalogue).map(({ own: { prefix } }) => `${globOf(prefix)}*`);
  return [
    ...['%R~aidb:*', ...own.map((keys) => `%R~${keys}`), '~alias:*', '~millrace:*'],
    ...keyspacePatterns(0, catalogue).map((pattern) => `&${pattern}`),
    ...commands,
    `(${['aidb:*', ...own].map((keys) => `~${keys}`).join(' ')} +eval +evalsha)`,
  ].join(' ');
}

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
];
