import { fatal } from '../../foundation/errors';
import { readAsset } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres';
import type { RedisConnection } from '../../connections/redis';
import { counted, incarnationKey } from '../position/redis-facts';

const highestSql = readAsset('src/archive/warm/sql/highest-ids.sql');
const raiseLua = readAsset('src/archive/warm/lua/raise-counters.lua');

type Counted = (typeof counted)[number];
type Counters = Readonly<Record<Counted, bigint>>;

/** Text of a counter before and after; '' = there was, or is, none. */
export type RaisedCounters = Readonly<Record<Counted, { readonly before: string; readonly after: string }>>;

const counterKey = (kind: string): string => `aidb:counter:${kind}`;
const scanCount = 1_000;

/** The highest ids that Postgres has heard of. @param predictions their table */
export async function highestIds(transaction: Transaction, predictions: string): Promise<Counters> {
  const rows = await transaction.query(highestSql.replaceAll('{predictions}', predictions));
  const found = new Map(rows.map(({ kind, highest }) => [kind, BigInt(highest ?? 0)]));
  return Object.fromEntries(counted.map((kind) => [kind, found.get(kind) ?? 0n])) as Record<Counted, bigint>;
}

/**
 * Lifts every counter to the highest id ever used, before anything is restored, so that whoever begins to write meanwhile gets a new
 * one.
 * @param wentBack Redis is in an older state, and a daemon may not have looked yet: raised counters must not hide it
 * @param dryRun says what would be done
 * @throws E_COUNTER
 */
export async function raiseCounters(
  redis: RedisConnection,
  {
    used,
    wentBack,
    dryRun,
  }: { readonly used: Counters; readonly wentBack: boolean; readonly dryRun: boolean },
): Promise<RaisedCounters> {
  try {
    const before = await raise(redis, '', new Map());
    const low = counted.some((kind) => before[kind].after === '' || BigInt(before[kind].after) < used[kind]);
    // Where a counter was lost, records may be there that Postgres has not heard of yet.
    const wanted = low ? await withThoseInRedis(redis, used) : new Map(Object.entries(used));
    return dryRun
      ? raisedOnPaper(before, wanted)
      : await raise(redis, wentBack ? incarnationKey : '', wanted);
  } catch (error) {
    throw redis.translate(error);
  }
}

function raisedOnPaper(found: RaisedCounters, wanted: ReadonlyMap<string, bigint>): RaisedCounters {
  const raised = counted.map((kind) => {
    const { before } = found[kind];
    const least = wanted.get(kind) ?? 0n;
    const low = least > 0n && (before === '' || BigInt(before) < least);
    return [kind, { before, after: low ? String(least) : before }];
  });
  return Object.fromEntries(raised) as RaisedCounters;
}

async function raise(
  redis: RedisConnection,
  unlink: string,
  wanted: ReadonlyMap<string, bigint>,
): Promise<RaisedCounters> {
  const pairs = counted.flatMap((kind) => [counterKey(kind), String(wanted.get(kind) ?? 0n)]);
  const reply = (await redis.client.eval(raiseLua, 0, unlink, ...pairs)) as
    [key: string, value: string] | [[before: string, after: string][]];
  const [first, value] = reply;
  if (typeof first === 'string') {
    throw fatal(`${first} in Redis holds ${JSON.stringify(value)}, which is no counter`, {
      code: 'E_COUNTER',
      hint: `Set it to a number at least as high as the highest id in use, or delete it (redis-cli DEL ${first}): warm sets it then.`,
    });
  }
  return Object.fromEntries(
    counted.map((kind, index) => [kind, { before: first[index]?.[0] ?? '', after: first[index]?.[1] ?? '' }]),
  ) as RaisedCounters;
}

async function withThoseInRedis({ client }: RedisConnection, used: Counters): Promise<Map<string, bigint>> {
  const highest = new Map<string, bigint>(Object.entries(used));
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', 'aidb:*', 'COUNT', scanCount);
    for (const key of keys) {
      const [, kind = '', id = ''] = /^aidb:(\w+):([1-9]\d{0,14})$/.exec(key) ?? [];
      const known = highest.get(kind);
      if (known !== undefined && BigInt(id) > known) highest.set(kind, BigInt(id));
    }
    cursor = next;
  } while (cursor !== '0');
  return highest;
}
