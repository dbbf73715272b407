import type { RedisConnection } from '../../connections/redis';
import { answers } from './ask-many';

/** Field and value; a value that is too large to look at is undefined. */
export type Fields = ReadonlyMap<string, string | undefined>;

/** What a key holds, or as much of it as is looked at. Bytes that are not UTF-8 have come as U+FFFD. */
export interface Contents {
  readonly key: string;
  /** Bytes of a string; fields, members, elements or entries of another type. */
  readonly size: number;
  /** Bytes that the key takes in Redis; undefined: Redis does not say. */
  readonly memory: number | undefined;
  /** In how many ms it expires; undefined: it stays. */
  readonly expires: number | undefined;
  /** The value of a string, members, elements. None where they are too large to look at. */
  readonly texts: readonly string[];
  /** Of a hash its fields; of each entry of a stream its own. None where they are too large to look at. */
  readonly fields: readonly Fields[];
}

/** Values and members that are larger are not fetched, nor more of a key than so many items. */
const limits = { bytes: 16_384, itemBytes: 4_096, fewBytes: 1_000_000, items: 50, fields: 100 };
/** Of so few items Redis adds up what all of them take; of more it estimates. */
const few = 1_000;

type Type = keyof typeof sizeOf;
const sizeOf = {
  string: 'strlen',
  hash: 'hlen',
  set: 'scard',
  zset: 'zcard',
  list: 'llen',
  stream: 'xlen',
} as const;

export const isRead = (type: string): type is Type => type in sizeOf;

/** A look into keys of one type: how large they are first, so that nothing large is read. Those that are gone are left out. */
export async function readContents(
  { client }: RedisConnection,
  type: Type,
  keys: readonly string[],
): Promise<readonly Contents[]> {
  const measuring = client.pipeline();
  for (const key of keys) measuring[sizeOf[type]](key).pttl(key);
  const facts = await answers<number>(measuring);
  const there = keys.flatMap((key, at) => {
    const [size, ttl = -1] = [facts[2 * at], facts[2 * at + 1]];
    return size === undefined || ttl === -2 ? [] : [{ key, size, expires: ttl < 0 ? undefined : ttl }];
  });
  const weighing = client.pipeline();
  for (const { key, size } of there) weighing.memory('USAGE', key, 'SAMPLES', size <= few ? 0 : 100);
  const weights = await answers<number | null>(weighing);
  const found = there.map((one, at) => ({ ...one, memory: weights[at] ?? undefined }));
  const reading = client.pipeline();
  const looked = found.filter((one) => isSmall(type, one));
  for (const one of looked) askFor(reading, type, one);
  const replies = await answers<unknown>(reading);
  const contents = new Map<string, Pick<Contents, 'texts' | 'fields'>>();
  for (const [at, { key, size }] of looked.entries()) {
    const reply = replies[at];
    const isWhole = type === 'hash' && size <= limits.fields;
    contents.set(key, {
      texts: type === 'hash' || type === 'stream' ? [] : textsIn(reply),
      fields:
        type === 'stream'
          ? entriesIn(reply)
          : type === 'hash'
            ? [isWhole ? await fieldsOf(client, key, textsIn(reply)) : pairs(textsIn(reply))]
            : [],
    });
  }
  return found.map((one) => ({ ...one, ...(contents.get(one.key) ?? { texts: [], fields: [] }) }));
}

type Measured = Pick<Contents, 'size' | 'memory'>;

/** Whether a few of its items are small, going by their average. Fields of a small hash are measured one by one. */
function isSmall(type: Type, { size, memory }: Measured): boolean {
  if (type === 'string') return size <= limits.bytes;
  if (type === 'hash' && size <= limits.fields) return size > 0;
  // Redis takes a few KB for a stream of a single entry.
  const most = limits.bytes + limits.itemBytes * size;
  return memory !== undefined && memory <= (size <= few ? Math.min(most, limits.fewBytes) : most);
}

type Pipeline = ReturnType<RedisConnection['client']['pipeline']>;

/** One command a key. */
function askFor(pipeline: Pipeline, type: Type, { key, size }: { readonly key: string } & Measured): void {
  switch (type) {
    case 'string':
      pipeline.get(key);
      return;
    case 'hash':
      if (size <= limits.fields) pipeline.hkeys(key);
      else pipeline.hrandfield(key, limits.items, 'WITHVALUES');
      return;
    case 'set':
      pipeline.srandmember(key, limits.items);
      return;
    case 'zset':
      pipeline.zrange(key, 0, limits.items - 1);
      return;
    case 'list':
      pipeline.lrange(key, 0, limits.items - 1);
      return;
    case 'stream':
      pipeline.xrevrange(key, '+', '-', 'COUNT', limits.items);
  }
}

const textsIn = (reply: unknown): readonly string[] =>
  (Array.isArray(reply) ? reply : [reply]).filter((one): one is string => typeof one === 'string');

/** `[[id, [field, value, …]], …]` */
const entriesIn = (reply: unknown): readonly Fields[] =>
  Array.isArray(reply)
    ? reply.map((entry: unknown) => pairs(textsIn(Array.isArray(entry) ? entry[1] : undefined)))
    : [];

const pairs = (flat: readonly string[]): Fields =>
  new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]] as const] : [])));

async function fieldsOf(
  client: RedisConnection['client'],
  key: string,
  names: readonly string[],
): Promise<Fields> {
  const measuring = client.pipeline();
  for (const name of names) measuring.hstrlen(key, name);
  const bytes = await answers<number>(measuring);
  const reading = names.filter((_name, at) => (bytes[at] ?? Infinity) <= limits.itemBytes);
  const pipelined = client.pipeline();
  for (const name of reading) pipelined.hget(key, name);
  const values = await answers<string | null>(pipelined);
  const read = new Map(reading.map((name, at) => [name, values[at] ?? undefined]));
  return new Map(names.map((name) => [name, read.get(name)]));
}
