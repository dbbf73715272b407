import type { Result } from 'ioredis';
import { readAsset } from '../package-root';
import type { RedisConnection } from '../redis';
import { Unfit } from './unfit';
import { type Found, keyOf } from './found';
import { type Kind, type KindName, kinds, type Parent } from './kinds';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** read.lua */
    millraceReadBuffer(count: number, ...keysAndArguments: (string | Buffer)[]): Result<Reply, Context>;
  }
}

type Reply = readonly (null | Buffer | readonly (Buffer | null)[])[];

/** One answer for each id asked for. */
export type Truth =
  | { readonly state: 'found'; readonly records: readonly Found[] }
  | { readonly state: 'absent' }
  /** The key is no record: another type than it should have. */
  | { readonly state: 'unfit'; readonly reason: Unfit };

/** Records asked for in one round trip, and bytes after which the server stops: memory stays bounded whatever their size. */
const pageRecords = 500;
const pageBytes = 4 * 1024 * 1024;

/** Reads records as they stand, with the creation times of their parents. Not for metrics, whose keys grow: metric-keys.ts. */
export class TruthReader {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    connection.client.defineCommand('millraceRead', { lua: readAsset('src/archive/read.lua') });
  }

  /** @param ids what follows `aidb:<kind>:`. @returns in their order. */
  async read(kind: Kind, ids: readonly Buffer[]): Promise<readonly Truth[]> {
    const truths: Truth[] = [];
    while (truths.length < ids.length) truths.push(...(await this.readSome(kind, ids.slice(truths.length))));
    return truths;
  }

  /** As `read`, but only the first of them, at least one: as many as are not too large together. */
  async readSome(kind: Kind, ids: readonly Buffer[]): Promise<readonly Truth[]> {
    const wanted = ids.slice(0, pageRecords);
    if (wanted.length === 0) return [];
    const reply = await this.#ask(kind, wanted, fieldsOf(kind));
    return reply.map((record, index) => toTruth(kind, wanted[index], record));
  }

  async #ask(kind: Kind, ids: readonly Buffer[], fields: readonly string[]): Promise<Reply> {
    const named = kind.parents.filter((parent) => typeof parent.from === 'number');
    const referred = kind.parents.filter((parent) => typeof parent.from === 'string');
    const keys = ids.flatMap((id) => [
      keyOf(kind.name, id),
      ...named.map((parent) => keyOf(parent.kind, partOf(id, parent))),
    ]);
    const parameters = [
      String(pageBytes),
      String(named.length),
      ...named.map((parent) => createdField(parent.kind)),
      String(fields.length),
      ...fields,
      String(referred.length),
      ...referred.flatMap((parent) => [
        String(fields.indexOf(String(parent.from)) + 1),
        `aidb:${parent.kind}:`,
        createdField(parent.kind),
      ]),
    ];
    try {
      return await this.#connection.client.millraceReadBuffer(keys.length, ...keys, ...parameters);
    } catch (error) {
      throw this.#connection.translate(error);
    }
  }
}

const isList = (record: Reply[number]): record is readonly (Buffer | null)[] => Array.isArray(record);

const createdField = (kind: KindName): string => kinds[kind].created ?? '';

/** The fields read.lua is asked for: those with parents' ids first. A hyperparameter hash is read whole. */
const fieldsOf = (kind: Kind): readonly string[] =>
  kind.name === 'hyperparam'
    ? []
    : [
        ...kind.parents.flatMap(({ from }) => (typeof from === 'string' ? [from] : [])),
        ...kind.columns.map((column) => column.field),
      ];

/** The parent's id inside our own: `<exp>:<run>`. */
export function partOf(id: Buffer, { from }: Parent): Buffer {
  const parts = id.toString('latin1').split(':');
  return Buffer.from(parts[Number(from)] ?? '', 'latin1');
}

function toTruth(kind: Kind, id: Buffer | undefined, record: Reply[number]): Truth {
  if (record === null || id === undefined) return { state: 'absent' };
  if (!isList(record)) {
    const message = `the key holds a ${record.toString()}, not a hash`;
    return { state: 'unfit', reason: new Unfit('E_TYPE', undefined, message) };
  }
  const present = record.map((value) => value ?? undefined);
  const named = kind.parents.filter((parent) => typeof parent.from === 'number');
  const created = present.slice(0, kind.parents.length);
  const values = present.slice(kind.parents.length);
  const parentIds =
    named.length > 0 ? named.map((parent) => partOf(id, parent)) : values.splice(0, kind.parents.length);
  const parents = kind.parents.map((_parent, index) => ({ id: parentIds[index], created: created[index] }));
  if (kind.name !== 'hyperparam') return { state: 'found', records: [{ kind, id, parents, values }] };
  const records: Found[] = [];
  for (let at = 0; at < values.length; at += 2) {
    records.push({ kind, id, parents, values: [values[at], values[at + 1]] });
  }
  return { state: 'found', records };
}
