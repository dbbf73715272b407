import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { instant } from '../record/instant';
import { type Catalogue, type Kind, type KindName, kindOf } from '../../mapping/kinds';
import { changesStream } from '../../writer/keys';
import { restoredField } from '../stream/fields';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** restore-records.lua */
    millraceRestoreRecords(
      keys: 0,
      ...args: (string | number)[]
    ): Result<readonly (number | string)[], Context>;
    /** restore-parts.lua */
    millraceRestoreParts(
      keys: 0,
      command: string,
      look: string,
      parents: string,
      parts: string,
    ): Result<readonly number[], Context>;
  }
}

/** A record that others belong to, as it stands in Redis. */
export interface RestoredParent {
  readonly kind: KindName;
  readonly id: string;
  /** Its creation time, exactly as Redis has it. */
  readonly created: string;
}

export interface RecordToRestore {
  /** The part of its key after the prefix. */
  readonly id: string;
  /** Creation time; '' for a kind without one. */
  readonly created: string;
  readonly parents: readonly RestoredParent[];
  /** One of its parents is not in Redis: the record will not be restored, but may be there. */
  readonly orphaned: boolean;
  readonly index: { readonly key: string; readonly score: string; readonly member: string };
  /** The name, for name_to_id; '' for a kind without. */
  readonly name: string;
  /** The values in the order of the fields; undefined: the field is absent. */
  readonly values: readonly (string | undefined)[];
}

/** A field of a hash, or a member of a sorted set. */
export interface PartToRestore {
  readonly parent: RestoredParent;
  readonly key: string;
  /** The field's name; the member's score. */
  readonly first: string;
  /** The field's value; the member. */
  readonly second: string;
}

export type Outcome =
  /** `created`: the creation time as Redis has it by now. */
  { readonly is: 'restored' | 'there'; readonly created: string } | { readonly is: 'inUse' | 'orphaned' };

export interface RestorerOptions {
  readonly catalogue: Catalogue;
  readonly redis: RedisConnection;
  readonly dryRun: boolean;
  /** Whether a daemon listens: it is told which records of the packed kind came back, so that it need not look them up. */
  readonly tell: boolean;
}

/** Writes records into Redis that are not there; each page in one atomic step. */
export class Restorer {
  readonly #options: RestorerOptions;

  constructor(options: RestorerOptions) {
    this.#options = options;
    const { client } = options.redis;
    client.defineCommand('millraceRestoreRecords', {
      lua: readAsset('src/archive/warm/lua/restore-records.lua'),
    });
    client.defineCommand('millraceRestoreParts', {
      lua: readAsset('src/archive/warm/lua/restore-parts.lua'),
    });
  }

  /** @param fields of the hash @returns what became of each record, in order */
  async records(
    kind: Kind,
    fields: readonly string[],
    records: readonly RecordToRestore[],
  ): Promise<readonly Outcome[]> {
    if (records.length === 0) return [];
    const replies = await this.#ask(kind, fields, records);
    const outcomes = replies.map((reply, index) => outcomeOf(reply, records[index]?.created ?? ''));
    // Redis has the same creation time in another form: it is the same record. Asked again in that form, for it may lack its index entry.
    const again = records.flatMap((record, index) => {
      const created = replies[index];
      if (typeof created !== 'string' || outcomes[index]?.is !== 'there') return [];
      return [{ ...record, created }];
    });
    if (again.length > 0) await this.#ask(kind, fields, again);
    return outcomes;
  }

  /** @returns what became of each part, in order */
  async parts(
    command: 'HSETNX' | 'ZADD',
    parts: readonly PartToRestore[],
  ): Promise<readonly Outcome['is'][]> {
    if (parts.length === 0) return [];
    const { catalogue, dryRun } = this.#options;
    const parents = new Parents(catalogue);
    const list = parts.map(({ parent, key, first, second }) => [parents.number(parent), key, first, second]);
    const replies = await this.#run((client) =>
      client.millraceRestoreParts(0, command, dryRun ? '1' : '', parents.json, JSON.stringify(list)),
    );
    return replies.map((reply) => outcomeOf(reply, '').is);
  }

  #ask(
    kind: Kind,
    fields: readonly string[],
    records: readonly RecordToRestore[],
  ): Promise<readonly (number | string)[]> {
    const { catalogue, dryRun: look, tell } = this.#options;
    const options = {
      prefix: kind.prefix,
      born: kind.created ?? '',
      index: kind.index === undefined ? '' : kind.index.by === 'set' ? 'set' : 'zset',
      names: kind.names ?? '',
      stream: changesStream,
      tell: kind.packed && tell ? restoredField(kind) : '',
      ...{ look, fields },
    };
    const parents = new Parents(catalogue);
    const list = records.map(({ id, created, orphaned, parents: refers, index, name: called, values }) => {
      const numbers = orphaned ? [0] : refers.map((parent) => parents.number(parent));
      return [id, created, numbers, index.key, index.score, index.member, called, values];
    });
    // JSON makes null of undefined: an absent value.
    const [head, body] = [JSON.stringify(options), JSON.stringify(list)];
    return this.#run((client) => client.millraceRestoreRecords(0, head, parents.json, body));
  }

  async #run<T>(command: (client: RedisConnection['client']) => Promise<T>): Promise<T> {
    const { redis } = this.#options;
    try {
      return await command(redis.client);
    } catch (error) {
      throw redis.translate(error);
    }
  }
}

/** The parents of a page, each listed once. */
class Parents {
  readonly #catalogue: Catalogue;
  readonly #numbers = new Map<RestoredParent, number>();

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  number(parent: RestoredParent): number {
    const known = this.#numbers.get(parent) ?? this.#numbers.size + 1;
    this.#numbers.set(parent, known);
    return known;
  }

  get json(): string {
    const named = [...this.#numbers.keys()].map(({ kind, id, created }) => {
      const { prefix, created: field = '' } = kindOf(this.#catalogue, kind);
      return [prefix + id, field, created];
    });
    return JSON.stringify(named);
  }
}

function outcomeOf(reply: number | string, created: string): Outcome {
  if (reply === 1) return { is: 'restored', created };
  if (reply === 2) return { is: 'there', created };
  if (reply === 3) return { is: 'orphaned' };
  if (typeof reply === 'string' && isSameMoment(reply, created)) return { is: 'there', created: reply };
  return { is: 'inUse' };
}

function isSameMoment(one: string, other: string): boolean {
  try {
    return instant('created', Buffer.from(one)) === instant('created', Buffer.from(other));
  } catch {
    return false; // not a time, so it is another record
  }
}
