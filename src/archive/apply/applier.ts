import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { RedisConnection } from '../../connections/redis';
import type { BatchOutcome } from '../write/attempt';
import { Batch } from '../batch/batch';
import type { Checkpoint } from '../position/checkpoint';
import type { DeadLetter } from '../letters/dead-letters';
import type { Echoes } from '../stream/echoes';
import { compareEntryIds } from '../stream/entry-id';
import { idIn } from '../record/key';
import type { Nominated } from '../record/nominated';
import { type Kind, type KindName, namesWhere, onDeleteOf, packedKind } from '../../mapping/kinds';
import type { EntryReader } from '../truth/entry-reader';
import { type Answer, lookUp } from '../truth/look-up';
import type { Nominations } from '../record/nomination';
import { MemberReader } from '../truth/member-reader';
import { dueLetters } from './due-letters';
import { gather, type Gatherable } from './gather';
import { PageBatches } from './page-batches';
import type { Behind } from './relay';
import type { ArchiveSink } from './sink';
import type { Page } from '../tail/stream';
import type { Targets } from '../record/target';
import type { TruthReader } from '../truth/truth';

export interface ApplierOptions {
  readonly redis: RedisConnection;
  readonly postgres: PostgresConnection;
  readonly checkpoint: Checkpoint;
  readonly truth: TruthReader;
  readonly sink: ArchiveSink;
  /** One for all appliers, as it knows which streams are not read to their end. */
  readonly entries: EntryReader;
  /** The kinds that are served. */
  readonly targets: Targets;
  readonly echoes: Echoes;
  readonly onDelete: 'keep' | 'delete';
  /**
   * @param ms how long the transaction took
   * @param since when the oldest change was made, for those of the stream
   */
  readonly onApplied: (applied: BatchOutcome, ms: number, since: number | undefined) => void;
}

/** After a page held records that were there already, so many pages go the careful way. */
const distrustPages = 20;

/** Turns pages, nominations and parked records into batches for the sink, in the order in which their truth was read. */
export class Applier {
  readonly batches: PageBatches;
  readonly #options: ApplierOptions;
  readonly #members: MemberReader;
  readonly #growing: readonly KindName[]; // kinds whose keys grow, point by point
  readonly #deleting: readonly Kind[]; // kinds whose rows do not stay when their records are deleted
  readonly #echoing: KindName; // of which echoes are known; '': none
  /** By kind, keys that grow and are to be looked up later, see member-reader.ts. */
  readonly #rested = new Map<KindName, Set<string>>();
  /** Entries up to here may have been applied before. */
  #knownUntil = '0-0';
  #distrust = 0;

  constructor(options: ApplierOptions) {
    this.#options = options;
    const { catalogue } = options.truth;
    this.batches = new PageBatches(options.sink.knownId, this.#expectMended);
    this.#members = new MemberReader(options.redis, catalogue);
    this.#growing = namesWhere(catalogue, ({ shape }) => shape === 'members');
    const { onDelete, targets } = options;
    this.#deleting = [...targets.values()].flatMap(({ kind }) =>
      onDeleteOf(kind, onDelete) === 'keep' ? [] : [kind],
    );
    this.#echoing = packedKind(catalogue)?.name ?? '';
  }

  /** After a failure: what was read may not have been applied. */
  forget(): void {
    this.#members.forget();
    this.#options.sink.forgetIds();
  }

  /** The stream is read from its beginning: entries up to `entryId` may have been applied before. */
  startOver(entryId: string): void {
    this.forget();
    this.#options.echoes.clear();
    this.#knownUntil = entryId;
  }

  /** Whether a page holds nothing but records that came by value, and their echoes. */
  isPlain(page: Page): boolean {
    const { nominated, deleted } = page;
    if (this.#distrust > 0 || !this.batches.of(page).isPlain) return false;
    for (const ids of deleted.values()) if (ids.size > 0) return false;
    for (const [kind, ids] of nominated) {
      if (ids.size > 0 && (kind !== this.#echoing || ![...ids].every((id) => this.#options.echoes.has(id))))
        return false;
    }
    return true;
  }

  /** @param behind for a plain page, while another one is under way */
  async applyPage(page: Page, behind?: Behind): Promise<void> {
    for (const id of page.deleted.get(this.#echoing) ?? []) this.#options.echoes.delete(id);
    const batch = this.batches.of(page);
    for (const kind of this.#growing) this.#deleteGrowing(kind, page, batch);
    const fresh = this.#distrust === 0 && compareEntryIds(page.position, this.#knownUntil) > 0;
    this.#distrust = Math.max(0, this.#distrust - 1);
    const nominated = this.#withoutEchoes(page.nominated);
    if (behind !== undefined && fresh) await this.#commit(batch, page, true, behind);
    else {
      await behind?.previous;
      const after = behind && { postgres: behind.postgres, previous: undefined };
      await this.#apply({ ...page, batch, nominated, page, direct: fresh, behind: after });
    }
  }

  /** The points of a key that was deleted go all of them; if it is there again, it is read from its start. */
  #deleteGrowing(kind: KindName, { deleted, lapsed }: Page, batch: Batch): void {
    const doubtful = lapsed.get(kind) ?? new Set();
    const all = deleted.get(kind) ?? new Set();
    for (const id of [...all, ...doubtful]) this.#members.forget(kind, id);
    const ids = new Set([...all].filter((id) => !doubtful.has(id)));
    if (this.#options.onDelete === 'keep' || ids.size === 0) return; // of the registry alone
    batch.discard(kind, ids);
    for (const id of ids) batch.deletions.push({ kind, id });
  }

  async applyNominated({ nominated, points, following }: Nominated): Promise<void> {
    const batch = new Batch();
    for (const point of points) batch.add(point);
    // Looked for in Postgres just now, and not there.
    await this.#apply({ batch, nominated, following, direct: this.#distrust === 0 });
  }

  /**
   * Tries some of the parked records that are due: their parent came, a person asked, or a pass begins.
   * @returns whether there may be more
   */
  async retrySome(): Promise<boolean> {
    const { postgres, redis, targets, truth } = this.#options;
    const due = await dueLetters({
      ...{ postgres, redis, catalogue: truth.catalogue, served: [...targets.keys()] },
      onReread: (kind, name) => {
        this.#members.forget(kind, name);
      },
    });
    if (due === undefined) return false;
    await this.#apply({ ...due, direct: false });
    return true;
  }

  /** Kinds of which something is to be read yet that nothing but this process knows of. */
  get owed(): readonly KindName[] {
    const resting = [...this.#rested].filter(([, ids]) => ids.size > 0);
    return [...resting.map(([kind]) => kind), ...this.#options.entries.unfinished.keys()];
  }

  /** Looks up keys that grow and had to rest. */
  async lookUpRested(): Promise<void> {
    for (const [kind, resting] of this.#rested) {
      const ready = [...resting].filter((id) => this.#members.restsUntil(kind, id) === undefined);
      if (ready.length === 0) continue;
      await this.#apply({ batch: new Batch(), nominated: new Map([[kind, new Set(ready)]]), direct: false });
      for (const id of ready) resting.delete(id); // not before: it may have failed
    }
  }

  /** Reads on in streams of the user's own that had too much for one turn. @returns whether there may be more */
  async readOn(): Promise<boolean> {
    const { entries, targets } = this.#options;
    if (entries.left === 0) return false;
    // Of a mapping that is not served nothing is read; once it is, a full pass finds it.
    for (const kind of entries.unfinished.keys()) if (!targets.has(kind)) entries.forget(kind);
    const due = entries.unfinished;
    try {
      await this.#apply({ batch: new Batch(), nominated: due, direct: false });
    } catch (error) {
      entries.putBack(due); // what was read was not committed, and nothing else names these streams
      throw error;
    }
    return true;
  }

  #withoutEchoes(nominated: Nominations): Nominations {
    const wanted = new Map(nominated);
    const echoing = [...(nominated.get(this.#echoing) ?? [])];
    wanted.set(this.#echoing, new Set(echoing.filter((id) => !this.#options.echoes.has(id))));
    for (const kind of this.#growing) {
      const ready = new Set(nominated.get(kind));
      for (const id of ready) {
        if (this.#members.restsUntil(kind, id) === undefined) continue;
        ready.delete(id);
        this.#rested.set(kind, (this.#rested.get(kind) ?? new Set()).add(id));
      }
      wanted.set(kind, ready);
    }
    return wanted;
  }

  /**
   * Looks up what is nominated and applies it, in as many transactions as its size asks for; the last one moves the position.
   * The next batch is looked up while Postgres writes: in order all the same, so nothing goes back to an older value.
   */
  async #apply(
    work: Gatherable & {
      readonly nominated: Nominations;
      readonly following?: Nominated['following'];
      readonly page?: Page;
      readonly behind?: Behind | undefined;
    },
  ): Promise<void> {
    const { knownId } = this.#options.sink;
    const answers = this.#answers(work.nominated, work.following);
    let underWay: Promise<void> | undefined;
    try {
      for await (const { batch, direct, isLarge, isLast } of gather(work, answers, { knownId, deleting: this.#deleting })) {
        await underWay;
        if (isLast && batch.size === 0 && work.page === undefined) break;
        underWay = this.#commit(batch, isLast ? work.page : undefined, direct, work.behind);
        underWay.catch(() => undefined); // thrown when it is awaited
        if (isLarge) await underWay;
      }
    } finally {
      await underWay;
    }
  }

  /** Looks up what is nominated, of the kinds that are served. */
  async *#answers(nominated: Nominations, following: Nominated['following']): AsyncGenerator<readonly Answer[]> {
    const { truth, targets, entries } = this.#options;
    for (let more: Nominations | undefined = nominated; more !== undefined; more = following?.()) {
      const served = new Map([...more].filter(([kind]) => targets.has(kind)));
      yield* lookUp(served, { truth, members: this.#members, entries });
    }
  }

  async #commit(batch: Batch, page: Page | undefined, direct: boolean, behind?: Behind): Promise<void> {
    const { checkpoint, sink, onApplied } = this.#options;
    const entryId = page?.position ?? checkpoint.position?.entryId;
    if (entryId === undefined) throw new Error('the position is not known');
    if (page === undefined && batch.of(this.#echoing).length > 0) batch.spread(); // in order, as the sink sorts rows
    const beganAt = performance.now();
    const applied = await sink.apply(batch, entryId, direct, behind);
    const ms = performance.now() - beganAt;
    if (direct && !applied.direct) this.#distrust = distrustPages;
    this.#expectMended(applied.letters);
    onApplied(applied, ms, page?.since);
  }

  /** Mended by hand they are news. */
  readonly #expectMended = (letters: readonly DeadLetter[]): void => {
    const echoing = packedKind(this.#options.truth.catalogue);
    for (const { kind, key } of letters)
      if (kind === echoing?.name) this.#options.echoes.delete(idIn(echoing, key));
  };
}
