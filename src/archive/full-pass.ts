import type { RedisConnection } from '../redis';
import { type DifferenceOptions, Differences } from './differences';
import type { Found } from './found';
import type { KindName } from './kinds';
import { MetricKeys } from './metric-keys';
import { MissingPredictions } from './missing-predictions';
import { beginning, type Chunk, Scan } from './scan';

export interface FullPassOptions extends DifferenceOptions {
  readonly redis: RedisConnection;
}

/** What a chunk of the pass found different: the applier reads it again and writes. */
export interface Nominated {
  readonly nominated: ReadonlyMap<KindName, ReadonlySet<string>>;
  /** Metric points that Postgres lacks: they come by value, for their keys are long. */
  readonly points: readonly Found[];
}

/** Metric points compared in one step, and the keys they come from: each takes a round trip or more. */
const pagePoints = 1_000;
const pageKeys = 100;

/**
 * Walks Redis and nominates what differs from Postgres; writes nothing, and never takes absence in Redis for a deletion. A chunk a
 * step, so that the tail goes on in between.
 *
 * While Postgres compares a chunk, Redis reads the next one: never more than one. It may be out of date when its turn comes, or
 * even of a Redis that has been flushed or restarted since. What it nominates too much is read again before anything is written;
 * what it does not know of was written after the pass began, and is the tail's, or the next pass', which such a Redis calls for.
 */
export class FullPass {
  readonly #scan: Scan;
  readonly #differences: Differences;
  readonly #metrics: MetricKeys;
  /** Where the scan goes on; undefined: it is through. */
  #cursor: string | undefined = beginning;
  /** The chunk from there, on its way. */
  #ahead: Promise<Chunk> | undefined;
  /** What is being compared: kept until what it nominated has been applied. */
  #chunk: Chunk | undefined;
  #current: Chunk | undefined;
  readonly #missing: MissingPredictions;
  #points: AsyncGenerator<readonly Found[]> | undefined;
  /** Metric keys of another type. */
  readonly #unfit = new Set<string>();
  /** Keys looked at. */
  keys = 0;
  /** By kind, what was found different. */
  readonly differences = new Map<KindName, number>();

  constructor(options: FullPassOptions) {
    this.#scan = new Scan(options.redis);
    this.#differences = new Differences(options);
    this.#missing = new MissingPredictions(this.#differences);
    this.#metrics = new MetricKeys(options.redis);
  }

  get progress(): string {
    const found = [...this.differences.values()].reduce((sum, count) => sum + count, 0);
    return `${this.keys} keys compared, ${found} differ`;
  }

  /**
   * @returns what the next chunk nominates; undefined when the pass is complete. A chunk that failed, here or while what it
   * nominated was applied, is taken again: see `repeat`.
   */
  async step(): Promise<Nominated | undefined> {
    this.#missing.applied();
    if (this.#points !== undefined) {
      const next = await this.#points.next();
      if (next.done !== true) return this.#missingPoints(next.value);
      this.#points = undefined;
    } else if (this.#chunk === undefined) {
      if (this.#cursor === undefined) return undefined;
      this.#chunk = await this.#read(this.#cursor);
    }
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (chunk === undefined) return { nominated: new Map(), points: [] };
    this.#current = chunk;
    const metricIds = [...(chunk.others.get('metric') ?? [])];
    if (metricIds.length > 0) this.#points = this.#readPoints(metricIds);
    return this.#compare(chunk);
  }

  /** The last chunk was not applied: the next step takes it again. */
  repeat(): void {
    this.#chunk = this.#current;
    this.#missing.repeat();
    this.#points = undefined;
    this.#ahead = undefined; // over a connection that may have failed
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

  async #compare({ predictions, others, next }: Chunk): Promise<Nominated> {
    const nominated = new Map<KindName, ReadonlySet<string>>();
    for (const [name, ids] of others) {
      if (ids.size === 0 || name === 'metric' || name === 'prediction') continue;
      const different = await this.#differences.different(name, [...ids]);
      if (different.size > 0) nominated.set(name, different);
      this.#count(name, different.size);
    }
    // For the applier to park, or to find gone.
    const strange = others.get('prediction') ?? new Set();
    const missing = await this.#differences.missing('prediction', predictions);
    const due = await this.#missing.add(missing, next === undefined);
    if (strange.size + due.length > 0) nominated.set('prediction', new Set([...strange, ...due]));
    this.#count('prediction', strange.size + missing.length);
    return { nominated, points: [] };
  }

  #count(name: KindName, more: number): void {
    if (more > 0) this.differences.set(name, (this.differences.get(name) ?? 0) + more);
  }

  /** Many short keys make a page, or a long one several. */
  async *#readPoints(ids: readonly string[]): AsyncGenerator<readonly Found[]> {
    let points: Found[] = [];
    for (const [index, id] of ids.entries()) {
      this.#metrics.forget();
      for await (const truth of this.#metrics.read(Buffer.from(id, 'latin1'))) {
        if (truth.state === 'found') points.push(...truth.records);
        else if (truth.state === 'unfit') this.#unfit.add(id);
        if (points.length < pagePoints) continue;
        yield points;
        points = [];
      }
      if ((index + 1) % pageKeys > 0 && index + 1 < ids.length) continue;
      yield points;
      points = [];
    }
  }

  async #missingPoints(points: readonly Found[]): Promise<Nominated> {
    const missing = await this.#differences.missingPoints(points);
    this.#count('metric', missing.length);
    const nominated = new Map([['metric' as const, new Set(this.#unfit)]]);
    this.#unfit.clear();
    return { nominated, points: missing };
  }
}
