import type { RedisConnection } from '../../connections/redis';
import { requireSpelling, SpellingSurvey } from '../sink/alias-case';
import { TableComparison } from './comparison';
import { Comparisons } from './comparisons';
import { readCheckpoint } from '../sink/checkpoint';
import { ChunkedApply, type PassTarget } from './chunked-apply';
import { addCounts, type TypeCounts, type TypeResult } from './type-counts';
import type { AliasCase } from '../../mapping/alias-tables';
import type { Standing } from '../sink/introduction';
import { type Blocked, judge } from './judge';
import { settleAll } from './settle-all';
import { StaleKeys } from './stale-keys';
import type { KeyTruth } from '../source/key-truth';
import type { AliasTruth } from '../source/truth';
import type { UnservedRows } from '../source/unserved-rows';
import { WalkedNames } from './walked-names';

export interface PassOptions {
  readonly connection: RedisConnection;
  /** The truths by type; called for each chunk, since the file may have been opened again meanwhile. */
  readonly truths: () => ReadonlyMap<string, KeyTruth>;
  /** Those of them that are alias tables: their spelling is surveyed. */
  readonly aliasTruths: () => ReadonlyMap<string, AliasTruth>;
  readonly target: PassTarget;
  readonly aliasCase: AliasCase;
  /** The served types whose keys may be spelled otherwise than `aliasCase` says: if keys of such a type are stale, a survey looks into it. */
  readonly doubtful: () => readonly string[];
  /** Called before the first write, with the types that will be written and those that the breaker stops. */
  readonly onJudged: (types: readonly string[], blocked: readonly string[]) => void;
  /** How each mapping stands; asked when the pass begins, and the tail writes none that is not known. */
  readonly standing: (type: string) => Standing;
  /** Delete even when that is more than half of a type's keys. */
  readonly force: boolean;
  /** Takes down the rows that can have no key. */
  readonly unserved?: UnservedRows | undefined;
  /** Aliases compared in one step. */
  readonly chunk: number;
}

type Phase = 'compare' | 'find stale' | 'survey' | 'find stale again' | 'apply';

/**
 * One full pass over both sides, a chunk a step, so that the tail runs in between:
 *   compare     each table with its keys (ordered walk, MGET or a script), and count the keys of each type meanwhile (SCAN);
 *   find stale  if there are, or may be, more keys than aliases: which keys have no alias (SCAN, look-up);
 *   survey      if there are such keys, and no pass has vouched for their type: are they stale, or spelled for another ALIAS_CASE?
 *   apply       unless a suspicious number is stale, or any key of a new mapping is not as it says: read the truth again for what differs, and send it to the sink.
 * Only the last phase writes, through the sink. `step` may throw; called again, it takes up what was not finished.
 */
export class AliasFullPass {
  readonly #options: PassOptions;
  readonly #types: readonly string[];
  readonly #keys: StaleKeys;
  readonly #keyCounts = new Map<string, number>();
  readonly #comparisons: Comparisons;
  readonly #blocked = new Map<string, Blocked>();
  /** The mappings that are not known as they are now: lifetimes of their keys count, and those that are not `unwritten` are sent to the sink whole. */
  readonly #unknown = new Map<string, Exclude<Standing, 'known'>>();
  /** Of these the ones that had keys before and are written now: the tail has passed their deletions over until then. */
  readonly #introduced = new Set<string>();
  readonly #walked = new WalkedNames();
  #phase: Phase = 'compare';
  #counted = false;
  /** The checkpoint as it was in Redis before the first key was counted. */
  #countedAt: string | undefined;
  /** Somebody applied something while keys were counted and compared: stale keys may then hide behind as many new ones. */
  #uncertain = false;
  #survey: SpellingSurvey | undefined;
  #apply: ChunkedApply | undefined;
  readonly #counts = new Map<string, TypeCounts>();

  constructor(options: PassOptions) {
    this.#options = options;
    const { connection, truths, chunk } = options;
    this.#types = [...truths().keys()];
    this.#keys = new StaleKeys(connection, truths, chunk);
    this.#comparisons = new Comparisons({
      types: this.#types,
      begin: (type) => this.#begin(type),
      isWhole: (type) =>
        this.#unknown.get(type) === 'changed' || (this.#counted && !this.#keyCounts.has(type)),
    });
    for (const truth of truths().values()) truth.refresh();
    for (const type of this.#types) {
      const standing = options.standing(type);
      if (standing !== 'known') this.#unknown.set(type, standing);
    }
  }

  /** What has been done so far, for a person who waits. */
  get progress(): string {
    const what = this.#options.aliasTruths().size === this.#types.length ? 'aliases' : 'keys';
    if (this.#phase === 'apply') return `${this.#apply?.done ?? 0} ${what} applied`;
    if (this.#phase === 'compare') return `${this.#comparisons.total} ${what} compared`;
    return `${[...this.#keys.counts.values()].reduce((sum, count) => sum + count.keys, 0)} keys looked at`;
  }

  /** Does one chunk. @returns the results by type when the pass is complete and acknowledged. */
  async step(): Promise<ReadonlyMap<string, TypeResult> | 'more'> {
    switch (this.#phase) {
      case 'compare': {
        // Alone: where a comparison brings too much for one reply, the connection goes, and what else it owes.
        this.#countedAt ??= await readCheckpoint(this.#options.connection);
        // Redis scans while SQLite is read.
        const counting = this.#counted ? Promise.resolve() : this.#countNext();
        const comparing = this.#compareNext();
        await settleAll([counting, comparing]);
        return 'more';
      }
      case 'find stale':
        if (await this.#keys.findPage(this.#suspects(), this.#walked)) this.#foundStale();
        return 'more';
      case 'survey':
        await this.#surveyNext();
        return 'more';
      case 'find stale again':
        if (await this.#keys.findPage(this.#suspects())) this.#handOver(new Map());
        return 'more';
      case 'apply':
        return this.#apply === undefined ? 'more' : this.#applyNext(this.#apply);
    }
  }

  async #countNext(): Promise<void> {
    if (!(await this.#keys.countPage())) return;
    for (const [type, { keys }] of this.#keys.counts) this.#keyCounts.set(type, keys);
    this.#keys.rewind();
    this.#counted = true;
  }

  async #compareNext(): Promise<void> {
    if (!(await this.#comparisons.step(this.#options.chunk)) || !this.#counted) return;
    this.#uncertain = (await readCheckpoint(this.#options.connection)) !== this.#countedAt;
    if (this.#suspects().size > 0) this.#phase = 'find stale';
    else this.#judge();
  }

  #begin(type: string): TableComparison {
    const { connection, unserved, truths } = this.#options;
    const truth = () => {
      const found = truths().get(type);
      if (found === undefined) throw new Error(`${type} is not served any more`); // the pass is being restarted
      return found;
    };
    const [exact, foreign] = [this.#unknown.has(type), this.#isWhole(type)];
    const shared = { connection, type, truth, unserved, exact, foreign };
    return new TableComparison({ ...shared, walked: this.#walked });
  }

  /** The types with more keys than the walk has found aliases for: some keys are stale, or SCAN has named a key twice. */
  #suspects(): ReadonlySet<string> {
    const suspects = [...this.#keyCounts].filter(([type, keys]) => {
      const compared = this.#comparisons.done.get(type);
      if (this.#isWhole(type)) return true;
      return this.#uncertain || compared === undefined || compared === 'all' || compared.present !== keys;
    });
    return new Set(suspects.map(([type]) => type).filter((type) => !this.#blocked.has(type)));
  }

  /** Whether all of a mapping is sent to the sink, whatever its keys hold. */
  #isWhole(type: string): boolean {
    const standing = this.#unknown.get(type);
    return standing !== undefined && standing !== 'unwritten';
  }

  #foundStale(): void {
    const { connection, aliasTruths, doubtful } = this.#options;
    const types = doubtful();
    if (types.some((type) => (this.#keys.counts.get(type)?.stale ?? 0) > 0)) {
      this.#survey = new SpellingSurvey(connection, types, aliasTruths);
      this.#phase = 'survey';
    } else this.#judge();
  }

  async #surveyNext(): Promise<void> {
    const found = await this.#survey?.step(this.#options.chunk);
    if (found === undefined || found === 'more') return;
    requireSpelling(found, this.#options.aliasCase);
    this.#judge();
  }

  #judge(): void {
    for (const type of this.#keyCounts.keys()) {
      const blocked = this.#blockedBy(type);
      if (blocked === undefined) continue;
      this.#blocked.set(type, blocked);
      this.#keys.exclude(type);
    }
    const written = this.#types.filter((type) => !this.#blocked.has(type));
    const different = written.map((type): [string, readonly string[] | 'all'] => {
      const compared = this.#comparisons.done.get(type) ?? 'all';
      if (this.#isWhole(type) && this.#keyCounts.has(type)) this.#introduced.add(type);
      return [type, compared === 'all' || this.#isWhole(type) ? 'all' : compared.different];
    });
    this.#options.onJudged(written, [...this.#blocked.keys()]);
    this.#handOver(new Map(different));
  }

  #blockedBy(type: string): Blocked | undefined {
    const { truths, standing, force } = this.#options;
    const compared = this.#comparisons.done.get(type);
    const before = this.#unknown.get(type) ?? 'known';
    const found = {
      prefix: truths().get(type)?.keyspace.prefix ?? '',
      keys: this.#keyCounts.get(type) ?? 0,
      stale: this.#keys.counts.get(type)?.stale ?? 0,
    };
    return judge({
      found,
      different: compared === undefined || compared === 'all' ? 0 : compared.wrong,
      standing: before === 'new' ? standing(type) : before, // another instance may have introduced it meanwhile
      force,
    });
  }

  #handOver(different: ReadonlyMap<string, readonly string[] | 'all'>): void {
    const { truths, target, chunk, unserved } = this.#options;
    // Where there are no keys, there is nothing to be exact about.
    const exact = new Set([...this.#unknown.keys()].filter((type) => this.#keyCounts.has(type)));
    const absent = new Set(this.#uncertain ? [] : this.#types.filter((type) => !this.#keyCounts.has(type)));
    const shared = { truths, target, chunk, unserved, exact, absent };
    this.#apply = new ChunkedApply({ ...shared, stale: this.#keys, different });
    this.#phase = 'apply';
  }

  async #applyNext(apply: ChunkedApply): Promise<ReadonlyMap<string, TypeResult> | 'more'> {
    const outcome = await apply.step();
    if (outcome === 'more') return 'more';
    for (const [type, more] of outcome) addCounts(this.#counts, type, more);
    const complete = !this.#keys.overflowed && this.#introduced.size === 0;
    if (complete || this.#options.target.dry === true)
      return new Map(this.#types.map((type) => [type, this.#result(type)]));
    // There were more stale keys than a scan holds, or there may be some that the tail has not deleted: scan again until none is left.
    this.#introduced.clear();
    this.#keys.restart();
    this.#phase = 'find stale again';
    return 'more';
  }

  #result(type: string): TypeResult {
    const counts = addCounts(this.#counts, type);
    const compared = this.#comparisons.done.get(type);
    const { total, skipped } = compared === undefined || compared === 'all' ? counts : compared;
    const blocked = this.#blocked.get(type);
    // A pass that writes has scanned until there were none.
    counts.deleted += this.#keys.notHeld(type);
    return { ...counts, total, skipped, ...(blocked === undefined ? {} : { blocked }) };
  }
}
