import type { RedisConnection } from '../../connections/redis';
import { type Found, unpackFound } from '../record/found';
import { keyOf } from '../record/key';
import type { Catalogue, Kind } from '../../mapping/kinds';
import { shapeOf } from '../record/shape';
import { MetricKeys } from '../truth/metric-keys';
import { createdOf } from '../record/row';
import { TruthReader } from '../truth/truth';
import { isUnfit } from '../record/unfit';

/** What Redis has under the key now. Sizes, never contents. */
export interface InRedis {
  /** As TYPE says; `none`: no such key. */
  readonly type: string;
  /** Milliseconds until it expires; null: it stays. */
  readonly expiresInMs: number | null;
  /** Creation time, as the record says it; null: it has none of its own, or none that is a time. */
  readonly created: string | null;
  readonly fields: readonly { readonly name: string; readonly bytes: number }[];
  /** Points of a metric, hyperparameters of a run; else 1 or 0. */
  readonly records: number;
  /** Why it is no record of its kind. */
  readonly unfit: string | null;
}

/** Points of a metric that are compared; a longer one is told to have more. */
const mostPoints = 10_000;

/** @returns what is told of the key, and its records */
export async function inRedis(
  redis: RedisConnection,
  catalogue: Catalogue,
  kind: Kind,
  id: Buffer,
): Promise<{ readonly told: InRedis; readonly records: readonly Found[] }> {
  const key = keyOf(kind.name, id);
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
      fields: members || first === undefined ? [] : sizes(records),
      records: count,
      unfit,
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
    for await (const truth of new MetricKeys(redis, catalogue).read(kind, id)) {
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
    return kind.columns.flatMap(({ field }, index) => {
      const value = values[index];
      return value === undefined ? [] : [{ name: field, bytes: value.length }];
    });
  });
}
