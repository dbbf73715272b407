import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Result } from 'ioredis';
import type { RedisConnection } from '../../connections/redis';
import type { ChangelogPosition } from '../source/changelog';
import {
  type AliasCheckpoint,
  checkpointKey,
  type JudgedMapping,
  type MappingSet,
  parseCheckpoint,
  readCheckpoint,
} from './checkpoint';
import { isPlain } from './compare-keys';
import { withIntroduced } from './left-keys';
import { pack } from './packed';
import { applyScript, wantedArguments } from './scripts';
import type { AliasCase } from '../../mapping/alias-tables';
import type { Keyspace } from '../../mapping/documents';

/** Values for some keys of one mapping, named by what comes behind its prefix; '' means no key. A Buffer names a key whose bytes are not valid UTF-8. */
export interface AliasBatch {
  readonly type: string;
  readonly keyspace: Keyspace;
  readonly aliases: readonly (string | Buffer)[];
  readonly values: readonly string[];
  /** Plain strings are looked at like all others: a lifetime that they should not have is taken from them. It takes longer. */
  readonly exact?: boolean | undefined;
  /** Redis had no keys of the mapping a moment ago. Plain strings are then written without being looked at: one that has come since is written again. */
  readonly absent?: boolean | undefined;
}

/** A key by its name. */
export const keyOf = ({ prefix }: Keyspace, name: string | Buffer): string | Buffer =>
  typeof name === 'string' ? prefix + name : Buffer.concat([Buffer.from(prefix), name]);

export interface AliasCounts {
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What an apply has written, in the order of its batches, and how long Redis took. */
export interface AliasesApplied extends AliasCounts {
  readonly batches: readonly (AliasCounts & { readonly type: string })[];
  readonly ms: number;
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** apply.lua by EVALSHA, and by EVAL when the server does not know the script (any more). */
    millraceApplyAliases(checkpoint: string, ...values: (string | Buffer)[]): Result<Reply, Context>;
  }
}

/** Thrown when another instance has moved the checkpoint: read the truth again under the one found now. */
export class CheckpointMoved extends Error {}

const builtIn: MappingSet = { hash: '', since: 0 };

/** How many applies are on their way at once: Redis executes one while the next is read from SQLite. */
const depth = 2;

/** By type, the spelling of keys that a pass has vouched for. */
type Cases = Readonly<Record<string, AliasCase>>;
/** By name, the documents whose keys are ours. */
export type Mappings = Readonly<Record<string, JudgedMapping>>;

/** What a checkpoint says of the keys, besides how far they are, and how many applies have led to it. */
type Vouched = Pick<AliasCheckpoint, 'cases' | 'mappings' | 'set' | 'applies'>;

type Reply = readonly ['moved', string] | readonly ['applied', ...number[]];

/**
 * The one writer of alias keys. Every write is a script that checks the checkpoint the truth was read under and leaves a new
 * one, so nothing older can land after something newer, whoever else writes: another instance's apply in between makes all
 * of ours fail. Applies are sent in the order in which their truths were read, each expecting its predecessor's checkpoint.
 *
 * Callers read the truth and call `send` without awaiting in between (SQLite reads are synchronous).
 */
export class AliasSink {
  readonly instance = randomBytes(4).toString('hex');
  readonly set: MappingSet;
  readonly #connection: RedisConnection;
  readonly #inFlight: Promise<unknown>[] = [];
  #sequence = 0;
  /** The checkpoint after everything sent so far; undefined until `load`. */
  #expected: { readonly raw: string; readonly checkpoint: AliasCheckpoint } | undefined;
  #confirmed: AliasCheckpoint | undefined;
  /** What has been introduced, and Redis has not acknowledged: each checkpoint brings it again, for the one that brought it may have failed. */
  readonly #introduced = new Map<string, JudgedMapping>();
  /** The time in the checkpoint that was found first: when another run last applied something, in milliseconds since 1970. */
  foundAt: number | undefined;

  /** @param set the mappings in force, which each checkpoint names if they are of a file */
  constructor(connection: RedisConnection, set: MappingSet = builtIn) {
    this.#connection = connection;
    this.set = set;
    connection.client.defineCommand('millraceApplyAliases', { numberOfKeys: 1, lua: applyScript });
  }

  /** Where the tail goes on: the checkpoint after everything sent. */
  get checkpoint(): AliasCheckpoint | undefined {
    return this.#expected?.checkpoint;
  }

  /** The documents whose keys are ours, by name. */
  get mappings(): Mappings {
    return withIntroduced(this.#expected?.checkpoint.mappings, this.#introduced);
  }

  /** The newest checkpoint Redis has acknowledged: what is before it may be pruned. */
  get confirmed(): AliasCheckpoint | undefined {
    return this.#confirmed;
  }

  /** Reads the checkpoint as Redis has it now. `raw` is what the next apply must expect. */
  async load(): Promise<{ readonly raw: string; readonly checkpoint: AliasCheckpoint | undefined }> {
    await this.#settle();
    const raw = await readCheckpoint(this.#connection);
    const checkpoint = parseCheckpoint(raw);
    this.foundAt ??= checkpoint?.at;
    return { raw, checkpoint };
  }

  /** Goes on from a checkpoint that `load` found and the caller trusts. */
  resume(raw: string, checkpoint: AliasCheckpoint): void {
    this.#expected = { raw, checkpoint };
    this.#confirmed = checkpoint;
  }

  /** Starts a new incarnation at `position`, in place of what `load` found. A full pass has to follow. */
  async adopt(raw: string, position: ChangelogPosition | null, found?: Vouched): Promise<void> {
    // Without a checkpoint the keys that are there now may be anybody's.
    if (found === undefined) this.#introduced.clear();
    const checkpoint = this.#stamp(randomBytes(8).toString('hex'), position, found);
    await this.#send(raw, checkpoint, []);
    await this.#settle();
  }

  /** Forgets the checkpoint, so that `load` comes next: after any failure only Redis knows what has been applied. */
  reset(): void {
    this.#expected = undefined;
  }

  /** Sends one atomic apply that moves the checkpoint to `position` (or leaves it where it is); the cases stay unless they are given. */
  send(batches: readonly AliasBatch[], position?: ChangelogPosition, cases?: Cases): Promise<AliasesApplied> {
    const expected = this.#expected;
    if (expected === undefined) return Promise.reject(new CheckpointMoved('the checkpoint is not known'));
    const { incarnation, position: before, ...found } = expected.checkpoint;
    const checkpoint = this.#stamp(incarnation, position ?? before, {
      ...found,
      cases: cases ?? found.cases,
    });
    return this.#send(expected.raw, checkpoint, batches);
  }

  /** Leaves in the checkpoint, and in each that follows, that the keys of these documents are ours. */
  introduce(mappings: Mappings): void {
    for (const [name, mapping] of Object.entries(mappings)) this.#introduced.set(name, mapping);
    // If this write fails, so does the next one of the pass, and the one after that brings it.
    this.send([]).catch(() => undefined);
  }

  /** Waits until another apply may be sent; there is no other backpressure. @throws the error of an earlier apply */
  async room(): Promise<void> {
    while (this.#inFlight.length >= depth) await this.#inFlight[0];
  }

  /** Waits until Redis has answered every apply. @throws the first error of these */
  async drain(): Promise<void> {
    while (this.#inFlight.length > 0) await this.#inFlight[0];
  }

  async #settle(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
  }

  #stamp(incarnation: string, position: ChangelogPosition | null, found: Vouched = {}): AliasCheckpoint {
    const stamp = `${this.instance}.${String(++this.#sequence)}`;
    const newer = found.set?.hash === this.set.hash && found.set.since > this.set.since;
    const set = newer ? found.set : this.set;
    const mappings = withIntroduced(found.mappings, this.#introduced);
    return {
      ...{ incarnation, position, stamp, applies: (found.applies ?? 0) + 1, cases: found.cases },
      ...(Object.keys(mappings).length === 0 ? {} : { mappings }),
      ...(set.since === 0 ? {} : { set }),
      ...{ at: Date.now(), by: `${hostname()}:${process.pid}` },
    };
  }

  #send(
    expected: string,
    checkpoint: AliasCheckpoint,
    batches: readonly AliasBatch[],
  ): Promise<AliasesApplied> {
    const raw = JSON.stringify(checkpoint);
    const args: (string | Buffer)[] = [expected, raw];
    for (const batch of batches) args.push(...applyArguments(batch));
    this.#expected = { raw, checkpoint };
    const sentAt = performance.now();
    const outcome = this.#run(args).then((counts) => {
      this.#confirmed = checkpoint;
      for (const [name, mapping] of this.#introduced)
        if (checkpoint.mappings?.[name] === mapping) this.#introduced.delete(name);
      return outcomeOf(batches, counts, performance.now() - sentAt);
    });
    const entry = outcome.finally(() => this.#inFlight.splice(this.#inFlight.indexOf(entry), 1));
    entry.catch(() => undefined); // whoever awaits `outcome` or `drain` hears of it
    this.#inFlight.push(entry);
    return outcome;
  }

  async #run(args: readonly (string | Buffer)[]): Promise<readonly number[]> {
    let reply: Reply;
    try {
      reply = await this.#connection.client.millraceApplyAliases(checkpointKey, ...args);
    } catch (error) {
      this.reset();
      throw this.#connection.translate(error);
    }
    if (reply[0] === 'moved') {
      this.reset();
      throw new CheckpointMoved('another instance has moved the checkpoint');
    }
    const [, ...counts] = reply;
    return counts;
  }
}

/** A batch as apply.lua takes it. */
function applyArguments({ keyspace, aliases, values, exact, absent }: AliasBatch): (string | Buffer)[] {
  const keys = aliases.map((alias) => keyOf(keyspace, alias));
  if (absent !== true || exact === true || !isPlain(keyspace) || values.includes(''))
    return [pack(keys), ...wantedArguments(keyspace, values, exact)];
  return [pack(keys.flatMap((key, at) => [key, values[at] ?? ''])), 'absent', '-1', ''];
}

/** @param counts three numbers a batch; none at all when this very apply had been done before */
function outcomeOf(batches: readonly AliasBatch[], counts: readonly number[], ms: number): AliasesApplied {
  const parts = batches.map(({ type }, index) => {
    const [added = 0, updated = 0, deleted = 0] = counts.slice(3 * index, 3 * index + 3);
    return { type, added, updated, deleted };
  });
  const sum = (name: keyof AliasCounts) => parts.reduce((total, part) => total + part[name], 0);
  return { added: sum('added'), updated: sum('updated'), deleted: sum('deleted'), batches: parts, ms };
}
