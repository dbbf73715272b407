import type { RedisConnection } from '../../connections/redis';
import { type Found, unpackFound } from '../record/found';
import { keyOf } from '../record/key';
import type { Catalogue, Kind } from '../../mapping/kinds';
import { shapeOf } from '../record/shape';
import { MemberReader } from '../truth/member-reader';
import { singleEntries } from '../truth/single-entries';
import { createdOf } from '../record/row';
import { TruthReader } from '../truth/truth';
import { isUnfit } from '../record/unfit';

/** What Redis has under a key now. Sizes, never contents. */
export interface InRedis {
  /** The type, as TYPE says; `none`: no such key. */
  readonly type: string;
  /** Milliseconds until the key expires; null: it does not. */
  readonly expiresInMs: number | null;
  /** Creation time, as the record says it; null: it has none, or none that can be read. */
  readonly created: string | null;
  readonly fields: readonly { readonly name: string; readonly bytes: number }[];
  /** How many records the key holds: points of a metric, hyperparameters of a run; else 1 or 0. */
  readonly records: number;
  /** Why the key holds no record of its kind; null: it does. */
  readonly unfit: string | null;
}

/** How many points of a metric are compared at the most. */
const mostPoints = 10_000;

/** Reads what is under a key. @returns what the trace tells of it, and its records */
export async function inRedis(
  redis: RedisConnection,
  catalogue: Catalogue,
  kind: Kind,
  id: Buffer,
  entryId?: string,
): Promise<{ readonly told: InRedis; readonly records: readonly Found[] }> {
  const key = keyOf(kind, id);
  if (kind.shape === 'entries') return inStream(redis, kind, id, entryId);
  const members = kind.shape === 'members';
  try {
    const [type, ttl] = await Promise.all([redis.client.type(key), redis.client.pttl(key)]);
    const { records, unfit } =
      type === 'none' ? { records: [], unfit: null } : await readRecords(redis, catalogue, kind, id);
    const count =
      members && type === 'zset' ? await redis.client.zcount(key, '-inf', '+inf') : records.length;
    const [first] = records;
    const told = {
      type,
      expiresInMs: ttl >= 0 ? ttl : null,
      created: first === undefined ? null : creation(first),
      fields: members || first === undefined || kind.shape === 'items' ? [] : sizes(records),
      records: count,
      unfit,
    };
    return { told, records };
  } catch (error) {
    throw redis.translate(error);
  }
}

/** A stream, of which at most the entry is read that was asked for. */
async function inStream(
  redis: RedisConnection,
  kind: Kind,
  id: Buffer,
  entryId: string | undefined,
): Promise<{ readonly told: InRedis; readonly records: readonly Found[] }> {
  const key = keyOf(kind, id);
  try {
    const [type, ttl] = await Promise.all([redis.client.type(key), redis.client.pttl(key)]);
    const entry =
      type === 'stream' && entryId !== undefined
        ? (await singleEntries(redis, kind, id, [entryId])).get(entryId)
        : undefined;
    const records = entry === undefined || isUnfit(entry) ? [] : [entry];
    const strange = type !== 'none' && type !== 'stream';
    const told = {
      ...{ type, expiresInMs: ttl >= 0 ? ttl : null, created: null },
      fields: records.flatMap(sizesOfFields),
      records: type === 'stream' && entryId === undefined ? await redis.client.xlen(key) : records.length,
      unfit: isUnfit(entry) ? entry.message : strange ? `the key holds a ${type}, not a stream` : null,
    };
    return { told, records };
  } catch (error) {
    throw redis.translate(error);
  }
}

async function readRecords(
  redis: RedisConnection,
  catalogue: Catalogue,
  kind: Kind,
  id: Buffer,
): Promise<{ readonly records: readonly Found[]; readonly unfit: string | null }> {
  const records: Found[] = [];
  if (kind.shape === 'members') {
    for await (const truth of new MemberReader(redis, catalogue).read(kind, id)) {
      if (truth.state === 'unfit') return { records, unfit: truth.reason.message };
      if (truth.state === 'found') records.push(...truth.records);
      if (records.length >= mostPoints) break;
    }
    return { records, unfit: null };
  }
  const [truth] = await new TruthReader(redis, catalogue).read(kind, [id.toString('latin1')]);
  if (truth?.state === 'unfit') return { records, unfit: truth.reason.message };
  if (truth?.state === 'found') return { records: truth.records, unfit: null };
  return { records: truth?.state === 'packed' ? [unpackFound(kind, truth.value)] : [], unfit: null };
}

function creation(found: Found): string | null {
  const { created } = found.kind;
  if (created === undefined) return null;
  try {
    return createdOf(found, created);
  } catch (error) {
    if (isUnfit(error)) return null;
    throw error;
  }
}

function sizes(records: readonly Found[]): InRedis['fields'] {
  return records.flatMap(({ kind, values }) => {
    if (shapeOf(kind).several)
      return [{ name: values[0]?.toString('utf8') ?? '', bytes: values[1]?.length ?? 0 }];
    if (kind.shape === 'object' || kind.shape === 'text')
      return [{ name: 'value', bytes: values[0]?.length ?? 0 }];
    return sizesOfFields({ kind, values });
  });
}

const sizesOfFields = ({ kind, values }: Pick<Found, 'kind' | 'values'>): InRedis['fields'] =>
  shapeOf(kind)
    .names(kind)
    .flatMap((name, index) => {
      const value = values[index];
      return value === undefined ? [] : [{ name, bytes: value.length }];
    });
