import type { Result } from 'ioredis';
import { commonStart } from '../../foundation/common-start';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import type { Scope } from '../../pipeline/pass-runner';
import { idAt } from '../batch/carried';
import {
  type Catalogue,
  type Kind,
  type KindName,
  ownKindsOf,
  packedKind,
  registryStart,
} from '../../mapping/kinds';
import { globOf } from '../../connections/keyspace-pattern';
import { mostKeyBytes, recordOf } from '../record/key';
import { isId } from '../record/row';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** scan.lua */
    millraceScanBuffer(keys: 0, ...args: (string | number)[]): Result<Reply, Context>;
  }
}

type Reply = readonly [cursor: Buffer, numbers: Buffer, keys: readonly Buffer[]];

/** The records that a full pass compares in one step. */
export interface Chunk {
  /** The cursor at which the scan goes on; undefined: it is through. */
  readonly next: string | undefined;
  /** How many keys were looked at. */
  readonly keys: number;
  /** Ids of records of the packed kind: numbers of up to 15 digits. */
  readonly packed: readonly number[];
  /** Ids of records of the packed kind that are greater numbers. */
  readonly large: readonly string[];
  /** Ids (latin1) of all other records, and of those of the packed kind that are no numbers. */
  readonly others: ReadonlyMap<KindName, ReadonlySet<string>>;
}

/** The cursor at which a scan begins, and which SCAN returns when it is through. */
export const beginning = '0';

const lineFeed = 0x0a;

/** SCAN's COUNT in one call of the script: writers wait while it runs, for one or two milliseconds. */
const scanCount = 500;
/** A chunk ends when it has about this many packed records, or others, which are read whole; or after so many steps, where keys are rare. */
const chunkPacked = 2_000;
const chunkOthers = 1_000;
const chunkSteps = 8;

/** The kinds that a pass is of. */
export const within = (catalogue: Catalogue, scope: Scope): Catalogue =>
  scope === 'all' ? catalogue : new Map([...catalogue].filter(([name]) => scope.has(name)));

/** Walks the keys of Redis. */
export class Scan {
  readonly #connection: RedisConnection;
  readonly #catalogue: Catalogue;
  readonly #wanted: Catalogue;
  readonly #packed: Kind | undefined;
  /** The last arguments of scan.lua. */
  readonly #where: readonly string[];

  constructor(connection: RedisConnection, catalogue: Catalogue, scope: Scope = 'all') {
    this.#connection = connection;
    this.#catalogue = catalogue;
    const wanted = within(catalogue, scope);
    this.#wanted = wanted;
    this.#packed = packedKind(wanted);
    const start = registryStart(wanted);
    const prefixes = [...(start === '' ? [] : [start]), ...ownKindsOf(wanted).map(({ prefix }) => prefix)];
    const common = commonStart(prefixes);
    this.#where = [`${globOf(common)}*`, ...(prefixes.length > 1 ? prefixes : [])];
    connection.client.defineCommand('millraceScan', { lua: readAsset('src/archive/truth/lua/scan.lua') });
  }

  /** @param from `beginning`, or `next` of the chunk before */
  async read(from: string): Promise<Chunk> {
    const packed: number[] = [];
    const large: string[] = [];
    const others = new Map<KindName, Set<string>>([...this.#wanted.keys()].map((name) => [name, new Set()]));
    const strays = others.get(this.#packed?.name ?? '');
    let cursor = from;
    let keys = 0;
    let rest = 0;
    for (let steps = 0; steps < chunkSteps; steps++) {
      const [next, numbers, names] = await this.#ask(cursor);
      cursor = next.toString('latin1');
      keys += names.length;
      rest += names.length;
      keys += readNumbers(numbers, packed, (text) => {
        if (isId(text)) large.push(text);
        else strays?.add(text);
      });
      for (const name of names) {
        const record = recordOf(this.#catalogue, name.toString('latin1'));
        if (record !== undefined) others.get(record.kind)?.add(record.id);
      }
      if (cursor === beginning || packed.length + large.length >= chunkPacked || rest >= chunkOthers) break;
    }
    return { next: cursor === beginning ? undefined : cursor, keys, packed, large, others };
  }

  async #ask(cursor: string): Promise<Reply> {
    try {
      return await this.#connection.client.millraceScanBuffer(
        0,
        cursor,
        scanCount,
        this.#packed?.prefix ?? '',
        mostKeyBytes,
        ...this.#where,
      );
    } catch (error) {
      throw this.#connection.translate(error);
    }
  }
}

/**
 * Reads numbers, line by line, without making text of them. @param onOther told what is not the one way to write one of 15 digits or fewer
 * @returns how many lines there are
 */
function readNumbers(lines: Buffer, numbers: number[], onOther: (text: string) => void): number {
  let count = 0;
  for (let from = 0; from < lines.length; count++) {
    const end = lines.indexOf(lineFeed, from);
    const to = end < 0 ? lines.length : end;
    const number = idAt(lines, from, to);
    if (Number.isNaN(number)) onOther(lines.toString('latin1', from, to));
    else numbers.push(number);
    from = to + 1;
  }
  return count;
}
