import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { tooLarge, Unfit } from '../record/unfit';
import type { Found } from '../record/found';
import { PackedReader, unpack } from '../record/packed';
import { keyOf } from '../record/key';
import { type Catalogue, isOwn, type Kind, kindOf, type OwnKind, type Parent } from '../../mapping/kinds';
import type { Each } from '../../mapping/record-forms';
import { repack } from './repack';
import { isNamed, packedArguments, parametersOf } from './script-arguments';
import { shapeOf } from '../record/shape';
import type { StreamTruth } from './entry-reader';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** read.lua */
    millraceReadBuffer(count: number, ...keysAndArguments: (string | Buffer)[]): Result<Reply, Context>;
    /** read-packed.lua */
    millraceReadPackedBuffer(
      count: number,
      ...keysAndArguments: (string | Buffer)[]
    ): Result<Together, Context>;
    /** read-own.lua */
    millraceReadOwnBuffer(count: number, ...keysAndArguments: (string | Buffer)[]): Result<Packed, Context>;
  }
}

type Packed = readonly (null | number | Buffer | readonly [Buffer])[];

type Together = readonly [
  looked: number,
  records: readonly Buffer[],
  others: readonly (null | number | readonly [Buffer])[],
];

type Reply = readonly (null | number | Buffer | readonly (Buffer | null)[])[];

/** One answer for each id asked for. */
export type Truth =
  | { readonly state: 'found'; readonly records: readonly Found[] }
  /** A record of the packed kind (`readPacked`: several), in the form in which the stream carries it: most need never be unpacked. */
  | { readonly state: 'packed'; readonly value: Buffer }
  | StreamTruth
  | { readonly state: 'absent' }
  /**
   * The key holds no record: it is of another type than it should be, or too large. Of a metric it may be a single point.
   * @param part tells that point from others
   */
  | { readonly state: 'unfit'; readonly reason: Unfit; readonly part?: string };

/** Records of the packed kind that were read together. */
export interface PackedTruths {
  /** The ids that were looked at: the first of those that were asked for. */
  readonly ids: readonly string[];
  /** Those under which there are records. */
  readonly found: readonly string[];
  /** These records, one after another, in the form in which the stream carries them. */
  readonly value: Buffer;
  /** What is there instead of the others, by their place among the ids. */
  readonly others: ReadonlyMap<number, Truth>;
}

/** How many records are asked for in one round trip, and after how many bytes the script stops, so that memory stays bounded. */
const pageRecords = 500;
const pageBytes = 4 * 1024 * 1024;

/** How a key of the user's own is read, as read-own.lua calls it, and what has to be there. */
const readings: Readonly<
  Record<Each | 'string' | 'hash', { readonly read: string; readonly wanted: string }>
> = {
  string: { read: 'value', wanted: 'a string' },
  hash: { read: 'fields', wanted: 'a hash' },
  field: { read: 'every field', wanted: 'a hash' },
  member: { read: 'members', wanted: 'a set or a sorted set' },
  element: { read: 'elements', wanted: 'a list' },
  entry: { read: 'entries', wanted: 'a stream' },
};

/** Reads records as they stand, with the creation times of their parents. For metrics, whose keys grow, see member-reader.ts. */
export class TruthReader {
  /** The kinds there are. */
  readonly catalogue: Catalogue;
  readonly redis: RedisConnection;

  constructor(connection: RedisConnection, catalogue: Catalogue) {
    this.catalogue = catalogue;
    this.redis = connection;
    const { client } = connection;
    client.defineCommand('millraceRead', { lua: readAsset('src/archive/truth/lua/read.lua') });
    client.defineCommand('millraceReadOwn', { lua: readAsset('src/archive/truth/lua/read-own.lua') });
    client.defineCommand('millraceReadPacked', { lua: readAsset('src/archive/truth/lua/read-packed.lua') });
  }

  /** @param ids the parts of the keys after the prefix, latin1. @returns one truth for each, in their order */
  async read(kind: Kind, ids: readonly string[]): Promise<readonly Truth[]> {
    const truths: Truth[] = [];
    while (truths.length < ids.length) truths.push(...(await this.readSome(kind, ids.slice(truths.length))));
    return truths;
  }

  /** As `read`, but only for the first of the ids, at least one: as many as are not too large together. */
  async readSome(kind: Kind, ids: readonly string[]): Promise<readonly Truth[]> {
    const wanted = ids.slice(0, pageRecords);
    if (wanted.length === 0) return [];
    if (kind.packed) return apart(await this.readPacked(kind, wanted));
    if (isOwn(kind)) return this.#readOwn(kind, wanted);
    const reply = await this.#ask(kind, wanted);
    const most = this.redis.maxRecordBytes;
    return reply.map((record, index) =>
      typeof record === 'number'
        ? { state: 'unfit', reason: tooLarge(record, most) }
        : toTruth(kind, wanted[index] ?? '', record),
    );
  }

  /** As `readSome`, for the packed kind. */
  async readPacked(kind: Kind, ids: readonly string[]): Promise<PackedTruths> {
    const wanted = ids.slice(0, pageRecords);
    const plain = wanted.every((id) => /^\d+$/.test(id));
    const keys = plain ? [] : wanted.map((id) => keyArgument(kind, id));
    const numbers = plain ? wanted.join('\n') : '';
    try {
      const { client, maxRecordBytes: most } = this.redis;
      const args = [String(pageBytes), String(most), numbers, ...packedArguments(kind, this.catalogue)];
      const [looked, messages, listed] = await client.millraceReadPackedBuffer(keys.length, ...keys, ...args);
      const others = new Map<number, Truth>();
      for (let at = 0; at < listed.length; at += 2) {
        const what = listed[at + 1] ?? null;
        if (what === null) others.set(Number(listed[at]) - 1, { state: 'absent' });
        else if (typeof what !== 'number') others.set(Number(listed[at]) - 1, otherType(what[0]));
        else others.set(Number(listed[at]) - 1, { state: 'unfit', reason: tooLarge(what, most) });
      }
      const all = wanted.slice(0, looked);
      const found = others.size === 0 ? all : all.filter((_id, at) => !others.has(at));
      return { ids: all, found, value: repack(messages, found), others };
    } catch (error) {
      throw this.redis.translate(error);
    }
  }

  async #readOwn(kind: OwnKind, ids: readonly string[]): Promise<readonly Truth[]> {
    const keys = ids.map((id) => keyArgument(kind, id));
    const { client, maxRecordBytes: most } = this.redis;
    const fields = shapeOf(kind).fields(kind);
    const { read, wanted } = readings[kind.own.item?.each ?? (fields.length === 0 ? 'string' : 'hash')];
    try {
      const reply = await client.millraceReadOwnBuffer(
        keys.length,
        ...keys,
        String(pageBytes),
        String(most),
        read,
        ...fields,
      );
      return reply.map((record, index) => {
        if (record === null) return { state: 'absent' };
        if (typeof record === 'number') return { state: 'unfit', reason: tooLarge(record, most) };
        if (!Buffer.isBuffer(record)) return otherType(record[0], wanted);
        const id = Buffer.from(ids[index] ?? '', 'latin1');
        const records = shapeOf(kind)
          .split(unpack(record), kind)
          .map((values): Found => ({ kind, id, parents: [], values }));
        return { state: 'found', records };
      });
    } catch (error) {
      throw this.redis.translate(error);
    }
  }

  async #ask(kind: Kind, ids: readonly string[]): Promise<Reply> {
    const named = kind.parents.filter(isNamed);
    const keys: (string | Buffer)[] = [];
    for (const id of ids) {
      keys.push(keyArgument(kind, id));
      for (const parent of named)
        keys.push(keyArgument(kindOf(this.catalogue, parent.kind), partOf(id, parent)));
    }
    try {
      return await this.redis.client.millraceReadBuffer(
        keys.length,
        ...keys,
        String(pageBytes),
        String(this.redis.maxRecordBytes),
        ...parametersOf(kind, this.catalogue),
      );
    } catch (error) {
      throw this.redis.translate(error);
    }
  }
}

/** The key as a string if it is ASCII: ioredis writes a command of strings alone several times faster. */
const keyArgument = (kind: Kind, id: string): string | Buffer =>
  /^[ -~]*$/.test(id) ? kind.prefix + id : keyOf(kind, Buffer.from(id, 'latin1'));

/** The parent's id inside the child's key: `<exp>:<run>`. */
const partOf = (id: string, { from }: Parent): string => id.split(':')[Number(from)] ?? '';

/** One truth for each id. */
function apart({ ids, value, others }: PackedTruths): readonly Truth[] {
  const records = new PackedReader(value);
  return ids.map((_id, at): Truth => {
    const other = others.get(at);
    if (other !== undefined) return other;
    const from = records.end;
    records.next();
    return { state: 'packed', value: value.subarray(from, records.end) };
  });
}

const otherType = (type: Buffer, wanted = 'a hash'): Truth => ({
  state: 'unfit',
  reason: new Unfit('E_TYPE', undefined, `the key holds a ${type.toString()}, not ${wanted}`),
});

function toTruth(kind: Kind, name: string, record: Exclude<Reply[number], number>): Truth {
  if (record === null) return { state: 'absent' };
  if (Buffer.isBuffer(record)) return otherType(record);
  const id = Buffer.from(name, 'latin1');
  // In order: ids of the parents that fields name, the values, the creation times of the parents.
  const present = (record as readonly (Buffer | null)[]).map((value) => value ?? undefined);
  const end = present.length - kind.parents.length;
  const parents = kind.parents.map((parent, index) => ({
    id: isNamed(parent) ? Buffer.from(partOf(name, parent), 'latin1') : present[index],
    created: present[end + index],
  }));
  const values = present.slice(kind.parents.some(isNamed) ? 0 : parents.length, end);
  const records = shapeOf(kind)
    .split(values, kind)
    .map((own): Found => ({ kind, id, parents, values: own }));
  return { state: 'found', records };
}
