import type { RedisConnection } from '../redis';
import { type DifferenceOptions, Differences } from './differences';
import type { Found } from './found';
import { type KindName, kindNames } from './kinds';
import { MetricKeys } from './metric-keys';
import { recordOf } from './mirror-event';

export interface FullPassOptions extends DifferenceOptions {
  readonly redis: RedisConnection;
}

/** What a chunk of the pass found different: the applier reads it again and writes. */
export interface Nominated {
  readonly nominated: ReadonlyMap<KindName, ReadonlySet<string>>;
  /** Metric points that Postgres lacks: they come by value, for their keys are long. */
  readonly points: readonly Found[];
}

/** Keys asked for in one step: a fresh change waits for about two of them. */
const scanCount = 1_000;
/** Metric points compared in one step, and the keys they come from: each takes a round trip or more. */
const pagePoints = 1_000;
const pageKeys = 100;

/**
 * Walks Redis and nominates what differs from Postgres; writes nothing, and never takes absence in Redis for a deletion. A chunk a
 * step, so that the tail goes on in between.
 */
export class FullPass {
  readonly #redis: RedisConnection;
  readonly #differences: Differences;
  readonly #metrics: MetricKeys;
  #cursor = '0';
  #begun = false;
  /** What is being compared: kept until what it nominated has been applied. */
  #chunk: ReadonlyMap<KindName, readonly string[]> | undefined;
  #current: ReadonlyMap<KindName, readonly string[]> | undefined;
  #points: AsyncGenerator<readonly Found[]> | undefined;
  /** Metric keys of another type. */
  readonly #unfit = new Set<string>();
  /** Keys looked at. */
  keys = 0;
  /** By kind, what was found different. */
  readonly differences = new Map<KindName, number>();

  constructor(options: FullPassOptions) {
    this.#redis = options.redis;
    this.#differences = new Differences(options);
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
    if (this.#points !== undefined) {
      const next = await this.#points.next();
      if (next.done !== true) return this.#missingPoints(next.value);
      this.#points = undefined;
    } else if (this.#chunk === undefined) {
      if (this.#begun && this.#cursor === '0') return undefined;
      this.#chunk = await this.#scan();
    }
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (chunk === undefined) return { nominated: new Map(), points: [] };
    this.#current = chunk;
    const metricIds = chunk.get('metric') ?? [];
    if (metricIds.length > 0) this.#points = this.#readPoints(metricIds);
    return this.#compare(chunk);
  }

  /** The last chunk was not applied: the next step takes it again. */
  repeat(): void {
    this.#chunk = this.#current;
    this.#points = undefined;
  }

  async #scan(): Promise<ReadonlyMap<KindName, readonly string[]>> {
    let reply: [Buffer, Buffer[]];
    try {
      reply = await this.#redis.client.scanBuffer(this.#cursor, 'MATCH', 'aidb:*', 'COUNT', scanCount);
    } catch (error) {
      throw this.#redis.translate(error);
    }
    this.#begun = true;
    this.#cursor = reply[0].toString();
    this.keys += reply[1].length;
    const ids = new Map<KindName, Set<string>>(kindNames.map((name) => [name, new Set()]));
    for (const key of reply[1]) {
      const record = recordOf(key.toString('latin1', 'aidb:'.length));
      if (record !== undefined) ids.get(record.kind)?.add(record.id);
    }
    return new Map([...ids].map(([name, set]) => [name, [...set]]));
  }

  async #compare(keys: ReadonlyMap<KindName, readonly string[]>): Promise<Nominated> {
    const nominated = new Map<KindName, Set<string>>();
    for (const [name, ids] of keys) {
      if (ids.length === 0 || name === 'metric') continue;
      const different =
        name === 'prediction'
          ? await this.#differences.missing(name, ids)
          : await this.#differences.different(name, ids);
      if (different.size > 0) nominated.set(name, different);
      this.#count(name, different.size);
    }
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
