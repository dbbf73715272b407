import type { RedisConnection } from '../../connections/redis';
import { type DifferenceOptions, Differences } from './differences';
import type { Found } from '../record/found';
import { type DifferentPage, FoundDifferent } from './found-different';
import type { KindName } from '../../mapping/kinds';
import { MetricKeys } from '../truth/metric-keys';
import { beginning, type Chunk, Scan } from '../truth/scan';
import type { Nominated } from '../record/nominated';

export interface FullPassOptions extends DifferenceOptions {
  readonly redis: RedisConnection;
  /** What each kind's differences may take until they are handed over. */
  readonly heldBytes?: number;
}

const nothing: Nominated = { nominated: new Map(), points: [] };

/** For tens of millions of predictions, or 100,000 metrics; beyond, Redis is walked over once more. */
const heldBytes = 16 * 1024 * 1024;
/** Metric points compared in one step, and the keys they come from: each takes a round trip or more. */
const pagePoints = 1_000;
const pageKeys = 100;

/** A chunk to compare, or a page to hand over: what is begun anew after a failure. */
type Work = () => AsyncGenerator<Nominated>;

/**
 * Walks Redis, and then nominates what differs from Postgres; writes nothing, and never takes absence in Redis for a deletion. A
 * chunk a step, so that the tail goes on in between.
 *
 * SCAN knows no order, and the archive needs one: rows get rising ids, by which readers find the newest, and of two records of one
 * name the earlier is meant to have it. So differences are held, in bounded memory, until the walk is through, and handed over by kind
 * and Redis id.
 *
 * While Postgres compares a chunk, Redis reads the next one: never more than one. It may be out of date when its turn comes, or
 * even of a Redis that has been flushed or restarted since. What it nominates too much is read again before anything is written;
 * what it does not know of was written after the pass began, and is the tail's, or the next pass', which such a Redis calls for.
 */
export class FullPass {
  readonly #scan: Scan;
  readonly #differences: Differences;
  readonly #metrics: MetricKeys;
  readonly #found: FoundDifferent;
  /** Where the walk goes on; undefined: it is through. */
  #cursor: string | undefined = beginning;
  /** The chunk from there, on its way. */
  #ahead: Promise<Chunk> | undefined;
  /** Kept until it is done with, and what it nominated applied. */
  #work: Work | undefined;
  #steps: AsyncGenerator<Nominated> | undefined;
  /** Keys looked at. */
  keys = 0;
  /** By kind, what was handed over and applied. */
  readonly differences = new Map<KindName, number>();

  constructor(options: FullPassOptions) {
    this.#scan = new Scan(options.redis);
    this.#differences = new Differences(options);
    this.#metrics = new MetricKeys(options.redis);
    this.#found = new FoundDifferent(options.heldBytes ?? heldBytes);
  }

  get progress(): string {
    const applied = [...this.differences.values()].reduce((sum, count) => sum + count, 0);
    const found = `${this.keys} keys compared, ${applied + this.#found.size} differ`;
    return applied === 0 ? found : `${found}, ${applied} applied`;
  }

  /**
   * @returns what is to be applied before the next step; undefined when the pass is complete. After a failure, here or while that
   * was applied: see `repeat`.
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

  /** What was nominated last may not have been applied: the next step begins its chunk or page again. */
  repeat(): void {
    this.#steps = undefined;
    this.#ahead = undefined; // over a connection that may have failed
  }

  async #next(): Promise<Work | undefined> {
    if (this.#cursor === undefined) {
      const page = this.#found.take();
      if (page === undefined) return undefined;
      if (page !== 'walk') return () => this.#handOver(page);
      this.#cursor = beginning;
    }
    const chunk = await this.#read(this.#cursor);
    return () => this.#compare(chunk);
  }

  async #read(cursor: string): Promise<Chunk> {
    const ahead = this.#ahead ?? this.#scan.read(cursor);
    this.#ahead = undefined;
    const chunk = await ahead;
    this.keys += chunk.keys;
    this.#cursor = chunk.next;
    if (chunk.next !== undefined) {
      this.#ahead = this.#scan.read(chunk.next);
      this.#ahead.catch(() => undefined); // thrown when it is awaited
    }
    return chunk;
  }

  async *#compare({ predictions, others }: Chunk): AsyncGenerator<Nominated> {
    const found = this.#found;
    for (const [name, all] of others) {
      const ids = [...all].filter((id) => found.wants(name, id));
      if (name === 'metric') continue;
      // Predictions without an identity are for the applier to park, or to find gone.
      if (name === 'prediction') for (const id of ids) found.add(name, id);
      else for (const id of await this.#different(name, ids)) found.add(name, id);
    }
    const wanted = predictions.filter(({ id }) => found.wants('prediction', id));
    for (const { id } of await this.#differences.missing('prediction', wanted)) found.add('prediction', id);
    const metrics = [...(others.get('metric') ?? [])].filter((id) => found.wants('metric', id));
    const known = new Set<string>();
    for await (const { points, unfit } of this.#readPoints(metrics, known)) {
      const missing = await this.#missing(points);
      for (const id of [...unfit, ...missing.map((point) => point.id.toString('latin1'))]) {
        known.add(id);
        found.add('metric', id);
      }
      yield nothing;
    }
  }

  async *#handOver({ kind, ids, last }: DifferentPage): AsyncGenerator<Nominated> {
    if (kind === 'metric') {
      for await (const { points, unfit } of this.#readPoints(ids)) {
        const missing = await this.#missing(points);
        yield { nominated: new Map([[kind, new Set(unfit)]]), points: missing };
        this.#count(kind, missing.length);
      }
      return;
    }
    // The youngest of them were on their way when they were looked for, and the tail has brought them since.
    const due = kind === 'prediction' && last ? await this.#different(kind, ids) : new Set(ids);
    yield { nominated: new Map([[kind, due]]), points: [] };
    this.#count(kind, due.size);
  }

  /** Those of which a record differs, in order. */
  async #different(name: KindName, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const different = new Set<string>();
    for await (const page of this.#differences.ofIds(name, ids)) for (const { id } of page) different.add(id);
    return new Set(ids.filter((id) => different.has(id)));
  }

  /** Those that are not there, or can be no rows; in order. */
  async #missing(points: readonly Found[]): Promise<readonly Found[]> {
    const missing = new Set((await this.#differences.ofRecords(points)).map(({ found }) => found));
    return points.filter((point) => missing.has(point));
  }

  #count(name: KindName, more: number): void {
    if (more > 0) this.differences.set(name, (this.differences.get(name) ?? 0) + more);
  }

  /** Many short keys make a page, or a long one several. @param known keys of which enough has been read */
  async *#readPoints(
    ids: readonly string[],
    known: ReadonlySet<string> = new Set(),
  ): AsyncGenerator<{ readonly points: readonly Found[]; readonly unfit: readonly string[] }> {
    let points: Found[] = [];
    let unfit: string[] = [];
    for (const [index, id] of ids.entries()) {
      this.#metrics.forget();
      for await (const truth of this.#metrics.read(Buffer.from(id, 'latin1'))) {
        if (truth.state === 'found') points.push(...truth.records);
        else if (truth.state === 'unfit') unfit.push(id);
        if (points.length < pagePoints) continue;
        yield { points, unfit };
        [points, unfit] = [[], []];
        if (known.has(id)) break;
      }
      if ((index + 1) % pageKeys > 0 && index + 1 < ids.length) continue;
      yield { points, unfit };
      [points, unfit] = [[], []];
    }
  }
}
