import { fatal } from '../../foundation/errors';
import { readAsset, readSql } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres/postgres';
import type { RedisConnection } from '../../connections/redis';
import { globOf } from '../../connections/keyspace-pattern';
import { countersOf } from '../../mapping/counters';
import {
  type Catalogue,
  type Kind,
  type KindName,
  kindOf,
  namesWhere,
  registryStart,
} from '../../mapping/kinds';
import { incarnationKey } from '../position/redis-facts';
import { recordOf } from '../record/key';
import { type Targets, targetOf } from '../record/target';

const highestSql = readSql('src/archive/warm/sql/highest-ids.sql');
const raiseLua = readAsset('src/archive/warm/lua/raise-counters.lua');

/** Values of counters by kind, in the order in which they are told. */
type Counters = ReadonlyMap<KindName, bigint>;

/** Text of a counter before and after; '' = there was, or is, none. */
export interface RaisedCounter {
  readonly before: string;
  readonly after: string;
}

export type RaisedCounters = ReadonlyMap<KindName, RaisedCounter>;

const scanCount = 1_000;

/** The highest ids that Postgres knows of, by kind. */
export async function highestIds(
  transaction: Transaction,
  catalogue: Catalogue,
  targets: Targets,
): Promise<Counters> {
  const dated = namesWhere(catalogue, ({ identity }) => identity === 'dated').map(
    (name) =>
      `UNION ALL SELECT '${name}', max(redis_id) FROM ${targetOf(targets, name).table} WHERE redis_id < 1000000000000000`,
  );
  const named = [...catalogue.values()].flatMap((kind) => {
    const first = firstOf(kind);
    return first === undefined ? [] : [[kind.name, first] as const];
  });
  const rows = await transaction.query(highestSql.replaceAll('{dated}', dated.join(' ')), [
    named.map(([kind]) => kind),
    named.map(([, first]) => first),
    named.map(([kind]) => kindOf(catalogue, kind).prefix),
  ]);
  const found = new Map(rows.map(({ kind, highest }) => [kind, BigInt(highest ?? 0)]));
  return new Map(countersOf(catalogue).map(({ kind }) => [kind, found.get(kind) ?? 0n]));
}

/** The kind whose id comes first in a kind's keys. */
const firstOf = ({ name, identity, parents }: Kind): KindName | undefined =>
  identity === 'keyed' ? parents.find(({ from }) => from === 0)?.kind : name;

/**
 * Raises every counter to the highest id ever used, before anything is restored, so that writers who begin meanwhile get new ids.
 * @param wentBack Redis is in an older state; a daemon that has not noticed yet must not be misled by raised counters
 * @param dryRun only tell what would be done
 * @throws E_COUNTER
 */
export async function raiseCounters(
  redis: RedisConnection,
  {
    catalogue,
    used,
    wentBack,
    dryRun,
  }: {
    readonly catalogue: Catalogue;
    readonly used: Counters;
    readonly wentBack: boolean;
    readonly dryRun: boolean;
  },
): Promise<RaisedCounters> {
  const raise = (unlink: string, wanted: Counters) => raiseTo(redis, { catalogue, unlink, wanted });
  try {
    const before = await raise('', new Map([...used.keys()].map((kind) => [kind, 0n])));
    const low = [...before].some(
      ([kind, { after }]) => after === '' || BigInt(after) < (used.get(kind) ?? 0n),
    );
    // If a counter was lost, Redis may have records with higher ids that Postgres does not know of yet.
    const wanted = low ? await withThoseInRedis(redis, catalogue, used) : used;
    return dryRun ? raisedOnPaper(before, wanted) : await raise(wentBack ? incarnationKey : '', wanted);
  } catch (error) {
    throw redis.translate(error);
  }
}

const raisedOnPaper = (found: RaisedCounters, wanted: Counters): RaisedCounters =>
  new Map(
    [...found].map(([kind, { before }]) => {
      const least = wanted.get(kind) ?? 0n;
      const low = least > 0n && (before === '' || BigInt(before) < least);
      return [kind, { before, after: low ? String(least) : before }];
    }),
  );

async function raiseTo(
  redis: RedisConnection,
  {
    catalogue,
    unlink,
    wanted,
  }: { readonly catalogue: Catalogue; readonly unlink: string; readonly wanted: Counters },
): Promise<RaisedCounters> {
  const pairs = countersOf(catalogue).flatMap(({ kind, key }) => [key, String(wanted.get(kind) ?? 0n)]);
  const reply = (await redis.client.eval(raiseLua, 0, unlink, ...pairs)) as
    [key: string, value: string] | [[before: string, after: string][]];
  const [first, value] = reply;
  if (typeof first === 'string') {
    throw fatal(`${first} in Redis holds ${JSON.stringify(value)}, which is no counter`, {
      code: 'E_COUNTER',
      hint: `Set it to a number at least as high as the highest id in use, or delete it (redis-cli DEL ${first}): warm sets it then.`,
    });
  }
  return new Map(
    [...wanted.keys()].map((kind, index) => {
      const [before = '', after = ''] = first[index] ?? [];
      return [kind, { before, after }];
    }),
  );
}

async function withThoseInRedis(
  { client }: RedisConnection,
  catalogue: Catalogue,
  used: Counters,
): Promise<Counters> {
  const pattern = `${globOf(registryStart(catalogue))}*`;
  const highest = new Map(used);
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', scanCount);
    for (const key of keys) {
      const { kind = '', id = '' } = recordOf(catalogue, key) ?? {};
      const known = highest.get(kind);
      if (known !== undefined && /^[1-9]\d{0,14}$/.test(id) && BigInt(id) > known)
        highest.set(kind, BigInt(id));
    }
    cursor = next;
  } while (cursor !== '0');
  return highest;
}
