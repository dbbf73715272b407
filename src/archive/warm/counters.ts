import { fatal } from '../../errors';
import { readAsset } from '../../package-root';
import type { TextRow, Transaction } from '../../postgres';
import type { RedisConnection } from '../../redis';
import { parseFacts, counted, incarnationKey, readFacts } from '../redis-facts';
import { judge } from '../continuity';
import { streamKey } from '../checkpoint';

const highestSql = readAsset('src/archive/warm/highest-ids.sql');
const raiseLua = readAsset('src/archive/warm/raise-counters.lua');

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
 * one. @param dryRun says what would be done. @throws E_COUNTER
 */
export async function raiseCounters(
  redis: RedisConnection,
  transaction: Transaction,
  { used, dryRun }: { readonly used: Counters; readonly dryRun: boolean },
): Promise<RaisedCounters> {
  const [checkpoint] = await transaction.query(
    'SELECT incarnation, entry_id, seen FROM millrace.checkpoint WHERE stream = $1',
    [streamKey],
  );
  try {
    const stale = checkpoint !== undefined && (await isUnnoticed(redis, checkpoint));
    return await raiseAll(redis, { used, dryRun, stale });
  } catch (error) {
    throw redis.translate(error);
  }
}

async function raiseAll(
  redis: RedisConnection,
  { used, dryRun, stale }: { readonly used: Counters; readonly dryRun: boolean; readonly stale: boolean },
): Promise<RaisedCounters> {
  const before = await raise(redis, '', new Map());
  const low = counted.some((kind) => before[kind].after === '' || BigInt(before[kind].after) < used[kind]);
  // Where a counter was lost, records may be there that Postgres has not heard of yet.
  const wanted = low ? await withThoseInRedis(redis, used) : new Map(Object.entries(used));
  if (!dryRun) return raise(redis, stale ? incarnationKey : '', wanted);
  return Object.fromEntries(
    counted.map((kind) => {
      const has = before[kind].before;
      const least = wanted.get(kind) ?? 0n;
      const after = least > 0n && (has === '' || BigInt(has) < least) ? String(least) : has;
      return [kind, { before: has, after }];
    }),
  ) as RaisedCounters;
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

/**
 * Whether Redis is in an older state than Postgres knows, under the same incarnation: its counters may be the only witness, which we are
 * about to change, and a daemon may not have looked yet. @throws E_TWO_REDIS
 */
async function isUnnoticed(redis: RedisConnection, checkpoint: TextRow): Promise<boolean> {
  const { incarnation = null, entry_id: entryId, seen } = checkpoint;
  const now = await readFacts(redis.client, entryId ?? '0-0');
  if (incarnation !== null && now.incarnation !== null && now.incarnation !== incarnation) {
    throw fatal(`Redis at ${redis.display} is not the one that this database archives`, {
      code: 'E_TWO_REDIS',
      hint: `Correct REDIS_URL or POSTGRES_URL. If it is an older state of the right one, start the daemon first, which adopts it; to fill it nevertheless: redis-cli DEL ${incarnationKey}`,
    });
  }
  const facts = parseFacts(seen == null ? null : JSON.parse(seen));
  const { verdict } = judge({ incarnation, entryId: entryId ?? '0-0', seen: facts }, now);
  return verdict === 'backwards' && now.incarnation !== null;
}
