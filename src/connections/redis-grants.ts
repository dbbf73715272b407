import { type DocumentMapping, documentKeyspace } from '../mapping/documents';
import { type Catalogue, ownKindsOf, registryStart } from '../mapping/kinds';
import type { Each } from '../mapping/record-forms';
import { globOf, keyspacePatterns, ownKeys } from './keyspace-pattern';

/**
 * The ACL rules that the daemon and the verbs need, and no more; deploy/redis/millrace.acl says the same for the built-in mappings, and tests
 * compare both with the commands that are really sent. They allow reading the application's records, and not changing one. (Redis lets a
 * script have keys only with the right to write them, whatever it does; inside the script each command is checked again.)
 */
export function daemonGrants(catalogue: Catalogue, documents: readonly DocumentMapping[] = []): string {
  const start = registryStart(catalogue);
  const own = new Set(ownKindsOf(catalogue).map(ownKeys));
  const records = [...(start === '' ? [] : [`${globOf(start)}*`]), ...own];
  return [
    ...[...records.map((keys) => `%R~${keys}`), '~alias:*', ...documents.map(documentKeys), '~millrace:*'],
    ...keyspacePatterns(0, catalogue).map((pattern) => `&${pattern}`),
    ...commands,
    ...new Set([...recordCommands(catalogue), ...documentCommands(documents)]),
    ...retentionGrants(catalogue),
    `(${[...records.map((keys) => `~${keys}`), '+eval', '+evalsha'].join(' ')})`,
  ].join(' ');
}

/** What records of the user's own that leave Redis after some days need, besides what everybody has. */
const retentionGrants = (catalogue: Catalogue): readonly string[] =>
  ownKindsOf(catalogue).flatMap(({ prefix, own }) =>
    own.retentionDays === undefined ? [] : [`(~${globOf(prefix)}* +hlen +pexpire)`],
  );

/** The ACL rule for the keys of a document. It can hold no space. */
export const documentKeys = ({ key }: DocumentMapping): string =>
  `~${globOf(key.prefix).replaceAll(/\s/g, '?')}*`;

/** What each form of a document needs besides the commands that everybody has. */
const formCommands = {
  string: [],
  hash: ['+hlen', '+hset', '+hdel'],
  set: ['+scard', '+smembers', '+sadd', '+srem'],
  zset: ['+zcard', '+zadd', '+zrem'],
} as const;

/** What each form of record needs besides the commands that everybody has. */
const itemCommands: Partial<Readonly<Record<Each, readonly string[]>>> = {
  member: ['+smembers'],
  element: ['+lrange'],
};

const recordCommands = (catalogue: Catalogue): readonly string[] =>
  ownKindsOf(catalogue).flatMap(({ own: { item } }) => (item && itemCommands[item.each]) ?? []);

/** The ACL rules that documents need besides those for their keys. */
export const documentCommands = (documents: readonly DocumentMapping[]): readonly string[] => [
  ...new Set(
    documents.flatMap((document) => {
      const { holds, ttl } = documentKeyspace(document);
      return [...formCommands[holds], ttl === undefined ? '+persist' : '+pexpire'];
    }),
  ),
];

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
