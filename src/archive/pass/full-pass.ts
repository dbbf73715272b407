import type { RedisConnection } from '../../connections/redis';
import { compareIds } from './compare-ids';
import { type DifferenceOptions, Differences } from './differences';
import { differingPoints } from './differing-points';
import { FoundDifferent } from './found-different';
import { addTo, DifferenceNominator, type Work } from './difference-nominator';
import {
  type Catalogue,
  type Kind,
  type KindName,
  kindOf,
  ownKindsOf,
  packedKind,
} from '../../mapping/kinds';
import { leavesOthers } from '../../mapping/own-rules';
import type { Life } from '../record/identity';
import type { Scope } from '../../pipeline/pass-runner';
import { EntryReader } from '../truth/entry-reader';
import { MemberReader } from '../truth/member-reader';
import { beginning, type Chunk, Scan, within } from '../truth/scan';
import type { Nominated } from '../record/nominated';
import { targetOf } from '../record/target';
import { PackedComparison } from './packed-comparison';
import { highestId } from './packed-ids';

export interface FullPassOptions extends DifferenceOptions {
  readonly redis: RedisConnection;
  /** The life of Redis that is followed; without it the pass does not look for rows that are to follow their keys from now on. */
  readonly life?: () => Life;
  /** Of which kinds the pass is (all). */
  readonly scope?: Scope;
  /** About how much memory each kind's differences may take until they are handed over. */
  readonly heldBytes?: number;
  /** Whether nothing else is due, while missing predictions are handed over (no). */
  readonly mayGoOn?: () => boolean;
}

const nothing: Nominated = { nominated: new Map(), points: [] };

/** Enough for tens of millions of predictions, or 100,000 metrics; for more, Redis is walked over once more. */
const heldBytes = 16 * 1024 * 1024;

/**
 * Walks Redis, and then nominates what differs from Postgres. Writes nothing, and never takes absence in Redis for a deletion. Does one
 * chunk in a step, so that the tail goes on in between.
 *
 * SCAN knows no order, but the archive needs one: rows get rising ids, by which readers find the newest, and of two records with one
 * natural key the earlier should have it. So differences are held, in bounded memory, until the walk is through, and then handed over
 * by kind and Redis id. Records of the packed kind, of which there are most, are compared only then: see packed-comparison.ts.
 *
 * While Postgres compares a chunk, Redis reads the next one (never more than one). That one may be out of date when its turn comes, or
 * come from a Redis that was flushed or restarted since. This does no harm: what it nominates needlessly is read again before anything
 * is written; what it lacks was written after the pass began, and is up to the tail, or to the pass that follows a flush or a restart.
 */
export class ArchiveFullPass {
  readonly #options: FullPassOptions;
  readonly #catalogue: Catalogue;
  readonly #targets: FullPassOptions['targets'];
  readonly #scan: Scan;
  readonly #differences: Differences;
  readonly #points: { readonly members: MemberReader; readonly differences: Differences };
  readonly #entries: EntryReader;
  readonly #found: FoundDifferent;
  readonly #packed: PackedComparison;
  readonly #packedName: KindName; // '': the catalogue has no such kind
  /** The cursor at which the walk goes on; undefined: it is through. */
  #cursor: string | undefined = beginning;
  #isFirstWalk = true;
  /** The highest id of the packed kind that Postgres had when the pass began. */
  #highest: string | undefined;
  /** The chunk at that cursor, on its way. */
  #ahead: Promise<Chunk> | undefined;
  /** The work in hand, until it is done and what it nominated is applied. */
  #work: Work | undefined;
  #steps: AsyncGenerator<Nominated> | undefined;
  readonly scope: Scope;
  /** How many keys were looked at. */
  keys = 0;
  readonly #nominator: DifferenceNominator;
  /** The mappings of which there were keys. */
  readonly #met = new Set<KindName>();
  /** How many records have rows that were there before, are otherwise, and stay so, by kind. The first walk counts them. */
  readonly skipped = new Map<KindName, number>();

  constructor(options: FullPassOptions) {
    const { catalogue } = options.truth;
    this.#options = options;
    this.#catalogue = catalogue;
    this.#targets = options.targets;
    this.scope = options.scope ?? 'all';
    this.#scan = new Scan(options.redis, catalogue, this.scope);
    this.#differences = new Differences(options);
    this.#points = {
      members: new MemberReader(options.redis, catalogue),
      differences: this.#differences,
    };
    this.#entries = new EntryReader(options.redis, options.postgres);
    this.#packedName = packedKind(catalogue)?.name ?? '';
    const held = options.heldBytes ?? heldBytes;
    this.#found = new FoundDifferent(catalogue, held);
    this.#packed = new PackedComparison({
      ...{
        redis: options.redis,
        postgres: options.postgres,
        differences: this.#differences,
        heldBytes: held,
      },
      target: () => targetOf(this.#targets(), this.#packedName),
    });
    const parts = { differences: this.#differences, points: this.#points, entries: this.#entries };
    this.#nominator = new DifferenceNominator(options, { ...parts, found: this.#found });
  }

  /** How many records were handed over and applied, by kind; of streams about as many as they had entries to be read. */
  get differences(): ReadonlyMap<KindName, number> {
    return this.#nominator.applied;
  }

  /** Mappings of the user's own that no key was of. */
  get unmatched(): readonly KindName[] {
    const names = ownKindsOf(within(this.#catalogue, this.scope)).map(({ name }) => name);
    return names.filter((name) => !this.#met.has(name));
  }

  get progress(): string {
    const applied = [...this.differences.values()].reduce((sum, count) => sum + count, 0);
    const found = `${this.keys - this.#packed.size} keys compared, ${applied + this.#found.size} differ`;
    return applied === 0 ? found : `${found}, ${applied} applied`;
  }

  /**
   * Does a step. @returns what has to be applied before the next one; undefined when the pass is complete. After a failure, of the step
   * or of applying, `repeat` has to be called.
   */
  async step(): Promise<Nominated | undefined> {
    this.#work ??= await this.#next();
    if (this.#work === undefined) return undefined;
    this.#steps ??= this.#work();
    const step = await this.#steps.next();
    if (step.done !== true) return step.value;
    this.#work = undefined;
    this.#steps = undefined;
    return nothing;
  }

  /** Has the next step begin its chunk or page again, because what was nominated last may not have been applied. */
  repeat(): void {
    this.#steps = undefined;
    this.#ahead = undefined; // it may have been read over a connection that has failed
    this.#packed.repeat();
  }

  async #next(): Promise<Work | undefined> {
    if (this.#cursor === undefined) {
      if (this.#packed.size > 0) return () => this.#comparePacked();
      const page = this.#found.take();
      if (page === undefined) return undefined;
      if (page !== 'walk') return this.#nominator.work(page, this.#highest);
      this.#isFirstWalk = false;
      this.#cursor = beginning;
    }
    const chunk = await this.#read(this.#cursor);
    return () => this.#compare(chunk);
  }

  async #read(cursor: string): Promise<Chunk> {
    this.#highest ??= await this.#highestId();
    const reading = this.#ahead ?? this.#scan.read(cursor);
    this.#ahead = undefined;
    const chunk = await reading;
    this.keys += chunk.keys;
    this.#cursor = chunk.next;
    if (chunk.next !== undefined) {
      this.#ahead = this.#scan.read(chunk.next);
      this.#ahead.catch(() => undefined); // thrown when it is awaited
    }
    return chunk;
  }

  async #highestId(): Promise<string> {
    const name = this.#packedName;
    return name === '' ? '' : highestId(this.#options.postgres, targetOf(this.#targets(), name));
  }

  async *#compare({ packed, large, others }: Chunk): AsyncGenerator<Nominated> {
    const found = this.#found;
    const served = this.#targets();
    const left = new Map<KindName, number>();
    for (const [name, all] of others) {
      if (all.size > 0) this.#met.add(name);
      if (!served.has(name)) continue; // its table cannot take the records
      const kind = kindOf(this.#catalogue, name);
      const counts = this.#isFirstWalk && leavesOthers(kind);
      const ids = [...all].filter((id) => counts || found.wants(name, id));
      if (kind.shape === 'members') continue;
      if (kind.shape === 'entries') {
        for (const id of (await this.#entries.waiting(kind, ids)).keys()) found.add(name, id);
        continue;
      }
      // A record of the packed kind that has no identity cannot be compared: the applier parks it, or finds it gone.
      if (kind.packed) for (const id of ids) found.add(name, id);
      else {
        const compared = await compareIds(this.#options, this.#differences, kind, ids);
        for (const id of compared.different) found.add(name, id);
        if (counts) left.set(name, compared.skipped);
        const due = compared.unfollowed;
        // Equal records are written again whose rows do not follow them yet: no difference, and at once, for none gets a new id.
        if (due.size > 0) yield { nominated: new Map([[name, due]]), points: [] };
      }
    }
    await this.#meetPacked(packed, large);
    for (const kind of this.#catalogue.values())
      if (kind.shape === 'members') yield* this.#comparePoints(kind, others.get(kind.name) ?? new Set());
    // Not before the chunk is through: it may be begun anew.
    for (const [name, count] of left) addTo(this.skipped, name, count);
  }

  /** What lies above the highest id is missing. Of the others those that cannot wait are compared. */
  async #meetPacked(numbers: readonly number[], large: readonly string[]): Promise<void> {
    const [found, name, highest] = [this.#found, this.#packedName, Number(this.#highest)];
    const now: string[] = [];
    for (const number of numbers) {
      if (number > highest) found.addNumber(name, number);
      else if (found.wantsNumber(name, number) && !this.#packed.offer(number)) now.push(String(number));
    }
    for (const id of large) {
      if (Number(id) > highest) found.add(name, id);
      else if (found.wants(name, id)) now.push(id);
    }
    for (const id of await this.#packed.compare(now)) found.add(name, id);
  }

  // eslint-disable-next-line require-yield
  async *#comparePacked(): AsyncGenerator<Nominated> {
    for (const id of await this.#packed.some()) this.#found.add(this.#packedName, id);
  }

  async *#comparePoints(kind: Kind, all: ReadonlySet<string>): AsyncGenerator<Nominated> {
    const found = this.#found;
    const ids = [...all].filter((id) => found.wants(kind.name, id));
    const known = new Set<string>();
    for await (const { missing, unfit } of differingPoints(kind, ids, this.#points, known)) {
      for (const id of [...unfit, ...missing.map((point) => point.id.toString('latin1'))]) {
        known.add(id);
        found.add(kind.name, id);
      }
      yield nothing;
    }
  }
}
