import type { Result } from 'ioredis';
import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { RedisConnection } from '../../connections/redis';
import type { Kind, KindName } from '../../mapping/kinds';
import { readEntryPositions } from '../position/entry-positions';
import type { EntriesRead, EntryPosition } from '../record/own/entries-read';
import type { Found } from '../record/found';
import { keyOf } from '../record/key';
import type { Nominations } from '../record/nomination';
import { PackedReader } from '../record/packed';
import { shapeOf } from '../record/shape';
import { tooLarge, Unfit } from '../record/unfit';
import { entryOf, entryScript } from './single-entries';
import { type EntryProgress, progressOf, type StreamFacts } from './entry-progress';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** read-entries.lua */
    millraceReadEntriesBuffer(
      count: number,
      ...keysAndArguments: (string | number | Buffer)[]
    ): Result<readonly Reply[], Context>;
  }
}

type Reply = null | Buffer | FoundStream;
type FoundStream = readonly [
  anew: number,
  length: number,
  before: number,
  added: number | null,
  last: Buffer,
  witness: Buffer,
  count: number,
  bytes: number,
  more: number,
  packed: Buffer,
  ...heavy: (Buffer | number)[],
];

/** How many entries, and bytes, are read in one round trip: writers wait while the script runs. */
const pageEntries = 1_000;
const pageBytes = 4 * 1024 * 1024;
/** How many streams are asked for at once. */
const pageStreams = 200;
/** Of a stream that has more than so many entries, or bytes, to be read the rest is left for another turn: others wait as well. */
const sliceEntries = 5_000;
const sliceBytes = 8 * 1024 * 1024;

export type StreamTruth =
  /**
   * What a stream has that was not read yet. @param unfit entries that are too large @param read that it is read up to here, if that is news
   */
  | {
      readonly state: 'entries';
      readonly records: readonly Found[];
      readonly unfit: readonly { readonly part: string; readonly reason: Unfit }[];
      readonly read?: EntriesRead;
    }
  | { readonly state: 'absent' }
  | { readonly state: 'unfit'; readonly reason: Unfit; readonly part?: undefined };

interface Answered {
  /** What follows the prefix in the stream's key, latin1. */
  readonly id: string;
  readonly truth: StreamTruth;
}

/** Reads streams of the user's own from where Postgres says they were left: each entry once, and none is ever written or trimmed there. */
export class EntryReader {
  readonly #redis: RedisConnection;
  readonly #postgres: PostgresConnection;
  /** By kind and id, with about how many entries wait. */
  readonly #unfinished = new Map<KindName, Map<string, number>>();

  constructor(redis: RedisConnection, postgres: PostgresConnection) {
    this.#redis = redis;
    this.#postgres = postgres;
    redis.client.defineCommand('millraceReadEntries', { lua: entryScript('read-entries') });
  }

  /** About how many entries of streams `read` has left for another turn. */
  get left(): number {
    let left = 0;
    for (const streams of this.#unfinished.values()) for (const waiting of streams.values()) left += waiting;
    return left;
  }

  /** The streams that are not read to their end. They are that until they are read. */
  get unfinished(): Nominations {
    return new Map([...this.#unfinished].map(([kind, streams]) => [kind, new Set(streams.keys())]));
  }

  /** Has streams count as not read to their end, because what was read of them was not committed. */
  putBack(streams: Nominations): void {
    for (const [kind, ids] of streams)
      for (const id of ids) this.#leave(kind, id, this.#unfinished.get(kind)?.get(id) ?? 1);
  }

  /** Forgets which streams of a kind are not. */
  forget(kind: KindName): void {
    this.#unfinished.delete(kind);
  }

  /**
   * What streams have that was not read yet, page by page. What was yielded before has to be committed before another `read` of the same
   * stream begins: Postgres is asked where that was left.
   */
  async *read(kind: Kind, ids: readonly string[]): AsyncGenerator<readonly Answered[]> {
    for (let at = 0; at < ids.length; at += pageStreams) {
      let due = ids.slice(at, at + pageStreams);
      const positions = await this.#positionsOf(kind, due);
      const taken = new Map<string, { entries: number; bytes: number }>();
      while (due.length > 0) {
        const replies = await this.#ask(kind, due, positions, pageEntries);
        const answers = replies.map((reply, index) => this.#answer(kind, due[index] ?? '', reply, positions));
        const unread = answers.filter(({ more }) => more);
        const goOn = unread.filter(({ id, entries, bytes }) => {
          const sum = taken.get(id) ?? { entries: 0, bytes: 0 };
          taken.set(id, { entries: sum.entries + entries, bytes: sum.bytes + bytes });
          return sum.entries + entries < sliceEntries && sum.bytes + bytes < sliceBytes;
        });
        for (const { id, more, waiting } of answers) this.#leave(kind.name, id, more ? waiting : 0);
        due = [...goOn.map(({ id }) => id), ...due.slice(replies.length)];
        yield answers;
      }
    }
  }

  /** About how many entries of streams are still to be read, by id; of those that are no stream, or from which entries were lost, at least one. */
  async waiting(kind: Kind, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (let at = 0; at < ids.length; at += pageStreams) {
      const asked = ids.slice(at, at + pageStreams);
      const positions = await this.#positionsOf(kind, asked);
      const replies = await this.#ask(kind, asked, positions, 0);
      for (const [index, reply] of replies.entries()) {
        const id = asked[index] ?? '';
        if (reply === null) continue;
        if (Buffer.isBuffer(reply)) counts.set(id, 1);
        else {
          const { waiting, moved, lost } = progressOf(positions.get(id), factsIn(reply));
          if (moved || waiting > 0) counts.set(id, Math.max(waiting, lost > 0 ? 1 : 0));
        }
      }
    }
    return counts;
  }

  /** @param waiting 0: the stream is read to its end */
  #leave(kind: KindName, id: string, waiting: number): void {
    const streams = this.#unfinished.get(kind) ?? new Map<string, number>();
    if (waiting === 0) streams.delete(id);
    else streams.set(id, waiting);
    if (streams.size === 0) this.#unfinished.delete(kind);
    else this.#unfinished.set(kind, streams);
  }

  #positionsOf(kind: Kind, ids: readonly string[]): Promise<Map<string, EntryPosition>> {
    return readEntryPositions(this.#postgres, kind, ids).catch((error: unknown) => {
      throw this.#postgres.translate(error);
    });
  }

  async #ask(
    kind: Kind,
    ids: readonly string[],
    positions: ReadonlyMap<string, EntryPosition>,
    entries: number,
  ): Promise<readonly Reply[]> {
    const fields = shapeOf(kind).fields(kind);
    const left = ids.flatMap((id) => {
      const { last = '', witness = '', added = null } = positions.get(id) ?? {};
      return [last, witness, added ?? ''];
    });
    try {
      return await this.#redis.client.millraceReadEntriesBuffer(
        ids.length,
        ...ids.map((id) => keyOf(kind, Buffer.from(id, 'latin1'))),
        ...[this.#redis.maxRecordBytes, fields.length, ...fields],
        ...[pageBytes, entries, ...left],
      );
    } catch (error) {
      throw this.#redis.translate(error);
    }
  }

  /** @param positions where the stream was left; where it is left now, afterwards */
  #answer(kind: Kind, id: string, reply: Reply, positions: Map<string, EntryPosition>) {
    const nothing = { id, more: false, entries: 0, bytes: 0, waiting: 0 };
    if (reply === null) return { ...nothing, truth: { state: 'absent' } satisfies StreamTruth };
    if (Buffer.isBuffer(reply)) {
      const reason = new Unfit('E_TYPE', undefined, `the key holds a ${reply.toString()}, not a stream`);
      return { ...nothing, truth: { state: 'unfit', reason } satisfies StreamTruth };
    }
    const facts = factsIn(reply);
    const before = positions.get(id);
    const progress = progressOf(before, facts);
    positions.set(id, progress.position);
    const [, , , , , , , bytes, , packed, ...heavy] = reply;
    const name = Buffer.from(id, 'latin1');
    const key = keyOf(kind, name);
    const records: Found[] = [];
    const reader = new PackedReader(packed);
    while (reader.next()) records.push(entryOf(kind, name, reader.values()));
    const incident = incidentOf(key, before, facts, progress);
    const truth: StreamTruth = {
      state: 'entries',
      records,
      unfit: unfitIn(heavy, this.#redis.maxRecordBytes),
      ...(progress.moved
        ? {
            read: {
              ...{ kind: kind.name, key, position: progress.position },
              ...(incident === undefined ? {} : { incident }),
            },
          }
        : {}),
    };
    return { id, truth, more: facts.more, entries: facts.count, bytes, waiting: progress.waiting };
  }
}

function factsIn([anew, length, before, added, last, witness, count, , more]: FoundStream): StreamFacts {
  return {
    ...{ anew: anew === 1, length, before: before === 1, added, count, more: more === 1 },
    ...{ last: last.toString('latin1'), witness: witness.toString('latin1') },
  };
}

/** @param heavy id and bytes of each entry that is too large */
function unfitIn(heavy: readonly (Buffer | number)[], most: number) {
  const unfit: { readonly part: string; readonly reason: Unfit }[] = [];
  for (let at = 0; at < heavy.length; at += 2)
    unfit.push({ part: String(heavy[at]), reason: tooLarge(Number(heavy[at + 1]), most) });
  return unfit;
}

function incidentOf(
  key: Buffer,
  left: EntryPosition | undefined,
  { anew }: StreamFacts,
  { lost }: EntryProgress,
): string | undefined {
  const stream = JSON.stringify(key.toString('utf8').slice(0, 100));
  if (anew)
    return `the stream ${stream} is not the one that was read up to ${left?.last ?? ''}: it was emptied, restored or begun anew, and is read from its beginning`;
  if (lost === 0) return undefined;
  return `${lost} ${lost === 1 ? 'entry' : 'entries'} of the stream ${stream} were trimmed away, or deleted, before they were read`;
}
