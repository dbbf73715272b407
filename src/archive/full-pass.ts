import type { PostgresConnection, Transaction } from '../postgres';
import type { RedisConnection } from '../redis';
import { findDifferent, findDifferentKeyed, findEstranged, findMissing, type Counterpart } from './compare';
import { isUnfit } from './unfit';
import type { Found } from './found';
import { IdMap, IdMapTransaction } from './id-map';
import { isDataError } from './isolate';
import { type KindName, kindNames, kinds } from './kinds';
import { MetricKeys } from './metric-keys';
import { recordOf } from './mirror-event';
import { instant } from './instant';
import { type Row, isId, toRow } from './row';
import { type Strategies, strategyOf } from './strategies';
import { type Targets, targetOf } from './target';
import type { TruthReader } from './truth';
import type { Resolved } from './write-mapped';

export interface FullPassOptions {
  readonly redis: RedisConnection;
  readonly postgres: PostgresConnection;
  readonly truth: TruthReader;
  readonly targets: () => Targets;
  readonly strategies: Strategies;
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
  readonly #options: FullPassOptions;
  readonly #metrics: MetricKeys;
  #cursor = '0';
  #begun = false;
  /** What is being compared: kept until what it nominated has been applied. */
  #chunk: ReadonlyMap<KindName, readonly string[]> | undefined;
  #points: AsyncGenerator<readonly Found[]> | undefined;
  /** Keys looked at. */
  keys = 0;
  /** By kind, what was found different. */
  readonly differences = new Map<KindName, number>();

  constructor(options: FullPassOptions) {
    this.#options = options;
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

  #current: ReadonlyMap<KindName, readonly string[]> | undefined;

  /** The last chunk was not applied: the next step takes it again. */
  repeat(): void {
    this.#chunk = this.#current;
    this.#points = undefined;
  }

  async #scan(): Promise<ReadonlyMap<KindName, readonly string[]>> {
    const { redis } = this.#options;
    let reply: [Buffer, Buffer[]];
    try {
      reply = await redis.client.scanBuffer(this.#cursor, 'MATCH', 'aidb:*', 'COUNT', scanCount);
    } catch (error) {
      throw redis.translate(error);
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
        name === 'prediction' ? await this.#missingDated(name, ids) : await this.#different(name, ids);
      if (different.size > 0) nominated.set(name, different);
      this.#count(name, different.size);
    }
    return { nominated, points: [] };
  }

  #count(name: KindName, more: number): void {
    if (more > 0) this.differences.set(name, (this.differences.get(name) ?? 0) + more);
  }

  /** Predictions: only their creation times are read. */
  async #missingDated(name: KindName, ids: readonly string[]): Promise<Set<string>> {
    const kind = kinds[name];
    const { truth, postgres, targets } = this.#options;
    const times = await truth.readCreated(
      kind,
      ids.map((id) => Buffer.from(id, 'latin1')),
    );
    const different = new Set<string>();
    const identities: [string, string][] = [];
    for (const [index, id] of ids.entries()) {
      const time = times[index] ?? null;
      const created = time === null ? undefined : createdOr(time);
      if (created === undefined || !isId(id))
        different.add(id); // for the applier to park, or to find gone
      else identities.push([id, `${created}+00`]);
    }
    const missing = await this.#asked(postgres, (transaction) =>
      findMissing(transaction, targetOf(targets(), name), identities),
    );
    for (const index of missing) different.add(identities[index]?.[0] ?? '');
    return different;
  }

  async #different(name: KindName, ids: readonly string[]): Promise<Set<string>> {
    const { truth, postgres } = this.#options;
    const truths = await truth.read(
      kinds[name],
      ids.map((id) => Buffer.from(id, 'latin1')),
    );
    const different = new Set<string>();
    const rows: Row[] = [];
    for (const [index, one] of truths.entries()) {
      const id = ids[index] ?? '';
      if (one.state === 'unfit') different.add(id);
      if (one.state !== 'found') continue;
      for (const found of one.records) {
        try {
          rows.push(toRow(found));
        } catch (error) {
          if (!isUnfit(error)) throw error;
          different.add(id);
        }
      }
    }
    if (rows.length === 0) return different;
    try {
      const found = await this.#asked(postgres, (transaction) => this.#compareRows(transaction, name, rows));
      for (const row of found) different.add(row.found.id.toString('latin1'));
    } catch (error) {
      if (!isDataError(error)) throw error;
      for (const row of rows) different.add(row.found.id.toString('latin1'));
    }
    return different;
  }

  /** @returns the rows that differ or are not there */
  async #compareRows(
    transaction: Transaction,
    name: KindName,
    rows: readonly Row[],
  ): Promise<readonly Row[]> {
    const target = targetOf(this.#options.targets(), name);
    const different: Row[] = [];
    const ids = new IdMapTransaction(new IdMap(), transaction);
    const resolved: Resolved[] = [];
    const parents = await this.#parents(ids, rows);
    for (const [index, row] of rows.entries()) {
      const found = parents[index];
      if (found === undefined) different.push(row);
      else resolved.push({ row, parents: found });
    }
    if (target.kind.identity === 'keyed') {
      for (const index of await findDifferentKeyed(transaction, target, resolved))
        push(different, resolved[index]?.row);
      return different;
    }
    const mappings = await ids.find(
      target.kind,
      target.table,
      resolved.map(({ row }) => ({ id: row.id, created: row.created ?? '' })),
    );
    const owned: Counterpart[] = [];
    // The row of another record, or program, keeps what Postgres has.
    const guests: Counterpart[] = [];
    for (const [index, one] of resolved.entries()) {
      const mapping = mappings[index];
      if (mapping === undefined) different.push(one.row);
      else (mapping.owned ? owned : guests).push({ ...one, pgId: mapping.pgId });
    }
    const merges = strategyOf(this.#options.strategies, name) === 'merge';
    for (const index of await findDifferent(transaction, target, owned, merges))
      push(different, owned[index]?.row);
    for (const index of await findEstranged(transaction, target, guests, merges))
      push(different, guests[index]?.row);
    return different;
  }

  /** Postgres ids of the parents of each row; undefined where one is not mapped. */
  async #parents(
    ids: IdMapTransaction,
    rows: readonly Row[],
  ): Promise<readonly ((string | null)[] | undefined)[]> {
    const kind = rows[0]?.kind;
    const result: ((string | null)[] | undefined)[] = rows.map(() => []);
    for (const [position, parent] of (kind?.parents ?? []).entries()) {
      const wanted = rows.flatMap(({ references }, index) => {
        const reference = references[position];
        if (reference?.created === undefined) return [];
        return [{ index, identity: { id: reference.id, created: reference.created } }];
      });
      const { table } = targetOf(this.#options.targets(), parent.kind);
      const found = await ids.find(
        kinds[parent.kind],
        table,
        wanted.map(({ identity }) => identity),
      );
      const byRow = new Map(wanted.map(({ index }, at) => [index, found[at]?.pgId]));
      for (const [index, row] of rows.entries()) {
        const pgId = row.references[position] === null ? null : byRow.get(index);
        if (pgId === undefined) result[index] = undefined;
        else result[index]?.push(pgId);
      }
    }
    return result;
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

  readonly #unfit = new Set<string>();

  async #missingPoints(points: readonly Found[]): Promise<Nominated> {
    const { postgres, targets } = this.#options;
    const different: Found[] = [];
    const rows: Row[] = [];
    for (const found of points) {
      try {
        rows.push(toRow(found));
      } catch (error) {
        if (!isUnfit(error)) throw error;
        different.push(found);
      }
    }
    await this.#asked(postgres, async (transaction) => {
      const ids = new IdMapTransaction(new IdMap(), transaction);
      const parents = await this.#parents(ids, rows);
      const known: { row: Row; identity: [string, string] }[] = [];
      for (const [index, row] of rows.entries()) {
        const run = parents[index]?.[0];
        if (run == null) different.push(row.found);
        else known.push({ row, identity: [run, row.redisKey ?? ''] });
      }
      const missing = await findMissing(
        transaction,
        targetOf(targets(), 'metric'),
        known.map(({ identity }) => identity),
      );
      for (const index of missing) push(different, known[index]?.row.found);
    });
    this.#count('metric', different.length);
    const nominated = new Map([['metric' as const, new Set(this.#unfit)]]);
    this.#unfit.clear();
    return { nominated, points: different };
  }

  async #asked<T>(postgres: PostgresConnection, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      return await postgres.transaction(work);
    } catch (error) {
      throw isDataError(error) ? error : postgres.translate(error);
    }
  }
}

function push<T>(list: T[], item: T | undefined): void {
  if (item !== undefined) list.push(item);
}

function createdOr(raw: Buffer): string | undefined {
  try {
    return instant('created_at', raw);
  } catch {
    return undefined;
  }
}
