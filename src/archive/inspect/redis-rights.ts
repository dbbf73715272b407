import type { Redis } from 'ioredis';
import type { Finding } from '../../pipeline/finding';
import { inFew } from '../../foundation/in-few';
import { changesStream } from '../../writer/keys';
import { type Granted, missingGrants, noteMissing } from '../../connections/missing-grants';
import { globOf, keyspacePatterns, ownKeys } from '../../connections/keyspace-pattern';
import { type Catalogue, type OwnKind, ownKindsOf, registryStart, type ShapeName } from '../../mapping/kinds';
import type { Each } from '../../mapping/record-forms';
import { incarnationKey } from '../position/redis-facts';

/** One command of each sort that the archive sends or its scripts call, with the grant that it needs for itself or its key. */
const needed: readonly Granted[] = [
  ['+ping', 'PING'],
  ['+info', 'INFO', 'server'],
  ['+scan', 'SCAN', '0'],
  ['+time', 'TIME'],
  ['+evalsha', 'EVALSHA', '0'.repeat(40), '0'],
  ['+eval', 'EVAL', 'return 1', '0'],
  [`+get ~millrace:*`, 'GET', incarnationKey],
  [`+set ~millrace:*`, 'SET', incarnationKey, ''],
  [`+xadd ~millrace:*`, 'XADD', changesStream, '*', 'a', 'b'],
  [`+xread ~millrace:*`, 'XREAD', 'STREAMS', changesStream, '0'],
  [`+xrange ~millrace:*`, 'XRANGE', changesStream, '-', '+'],
  [`+xrevrange ~millrace:*`, 'XREVRANGE', changesStream, '+', '-'],
  [`+xlen ~millrace:*`, 'XLEN', changesStream],
  [`+xtrim ~millrace:*`, 'XTRIM', changesStream, 'MINID', '0'],
  [`+xdel ~millrace:*`, 'XDEL', changesStream, '0-1'],
  [`+rename ~millrace:*`, 'RENAME', changesStream, changesStream],
  ['+dbsize', 'DBSIZE'],
  ['+function|list', 'FUNCTION', 'LIST'],
  [`+xinfo|stream ~millrace:*`, 'XINFO', 'STREAM', changesStream],
];

/** The same for the records of the registry, whatever they are of. */
function neededOfRegistry(catalogue: Catalogue): readonly Granted[] {
  const start = registryStart(catalogue);
  if (start === '') return [];
  const record = `${start}0`;
  const commands: readonly (readonly [string, ...string[]])[] = [
    ['TYPE'],
    ['HGET', 'id'],
    ['HMGET', 'id'],
    ['HGETALL'],
    ['MGET'],
    ['ZRANGE', '0', '0'],
    ['ZSCORE', 'a'],
    ['ZCOUNT', '0', '0'],
    ['PTTL'],
  ];
  return commands.map(([command, ...args]): Granted => [
    `+${command.toLowerCase()} %R~${globOf(start)}*`,
    ...[command, record, ...args],
  ]);
}

/** What it takes to read a key of the user's own, by its shape. `key` stands for that key. */
const reads: Partial<Readonly<Record<ShapeName, readonly (readonly string[])[]>>> = {
  hash: [
    ['HMGET', 'key', 'id'],
    ['HSTRLEN', 'key', 'id'],
  ],
  object: [
    ['GET', 'key'],
    ['STRLEN', 'key'],
  ],
  text: [
    ['GET', 'key'],
    ['STRLEN', 'key'],
  ],
  entries: [
    ['XINFO', 'STREAM', 'key'],
    ['XRANGE', 'key', '-', '+'],
    ['XREVRANGE', 'key', '+', '-'],
    ['XLEN', 'key'],
  ],
};

const readsOfItems: Partial<Readonly<Record<Each, readonly (readonly string[])[]>>> = {
  field: [['HGETALL', 'key']],
  member: [
    ['SMEMBERS', 'key'],
    ['ZRANGE', 'key', '0', '0'],
  ],
  element: [['LRANGE', 'key', '0', '0']],
};

const readsOf = ({ shape, own: { item } }: OwnKind): readonly (readonly string[])[] =>
  reads[shape] ?? readsOfItems[item?.each ?? 'entry'] ?? [];

/** The same for the records of the user's own. */
const neededOf = (catalogue: Catalogue): readonly Granted[] =>
  ownKindsOf(catalogue).flatMap((kind) => {
    const key = kind.own.parts.length === 0 ? kind.prefix : `${kind.prefix}0`;
    const commands = [['TYPE', 'key'], ['PTTL', 'key'], ...readsOf(kind)];
    const granted = commands.map((command): Granted => {
      const name = command.slice(0, command.indexOf('key')).join('|').toLowerCase();
      return [`+${name} %R~${ownKeys(kind)}`, ...command.map((word) => (word === 'key' ? key : word))];
    });
    if (kind.own.retentionDays === undefined) return granted;
    const removes = (...command: readonly [string, ...string[]]): Granted => [
      `(~${ownKeys(kind)} +${command[0].toLowerCase()})`,
      ...command,
    ];
    return [...granted, removes('HLEN', key), removes('PEXPIRE', key, '1')];
  });

/** The grants that this user lacks. Neither connection can be used afterwards. @throws only when a connection fails */
export async function missingRights(
  client: Redis,
  subscriber: Redis,
  db: number,
  catalogue: Catalogue,
): Promise<readonly string[]> {
  const missing = await missingGrants(client, [
    ...neededOfRegistry(catalogue),
    ...needed,
    ...neededOf(catalogue),
  ]);
  // Not queued, and over its own connection: ioredis would take a queued subscription for one that has begun.
  for (const pattern of keyspacePatterns(db, catalogue))
    await subscriber.psubscribe(pattern).catch(noteMissing(missing, `+psubscribe &${pattern}`));
  return [...missing];
}

export function rightsFinding(missing: readonly string[]): Finding {
  if (missing.length === 0) return { level: 'ok', what: 'this Redis user may do all that the archive needs' };
  return {
    level: 'problem',
    what: `this Redis user lacks ${inFew(missing)}`,
    remedy: `ACL SETUSER <user> ${missing.join(' ')}`,
  };
}
