import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { RedisConnection } from '../../connections/redis';
import { Batch } from '../batch/batch';
import type { DeadLetter } from '../letters/dead-letters';
import type { Echoes } from '../stream/echoes';
import { compareEntryIds } from '../stream/entry-id';
import { idIn } from '../record/key';
import type { Nominated } from '../record/nominated';
import { type KindName, namesWhere, packedKind } from '../../mapping/kinds';
import type { Nominations } from '../record/nomination';
import { MemberReader } from '../truth/member-reader';
import { dueLetters } from './due-letters';
import { PageBatches } from './page-batches';
import type { Behind } from './relay';
import { Transactions, type TransactionsOptions } from './transactions';
import type { Page } from '../tail/stream';

export interface ApplierOptions extends Omit<TransactionsOptions, 'members' | 'onLetters'> {
  readonly redis: RedisConnection;
  readonly postgres: PostgresConnection;
  readonly echoes: Echoes;
}

/** Turns pages, nominations and parked records into batches for the sink, in the order in which their truth was read. */
export class Applier {
  readonly batches: PageBatches;
  readonly #options: ApplierOptions;
  readonly #members: MemberReader;
  readonly #transactions: Transactions;
  readonly #growing: readonly KindName[]; // kinds whose keys grow, point by point
  readonly #echoing: KindName; // of which echoes are known; '': none
  /** By kind, keys that grow and are to be looked up later, see member-reader.ts. */
  readonly #rested = new Map<KindName, Set<string>>();
  /** Entries up to here may have been applied before. */
  #knownUntil = '0-0';

  constructor(options: ApplierOptions) {
    this.#options = options;
    const { catalogue } = options.truth;
    this.batches = new PageBatches(options.sink.knownId, (page, letters) => {
      options.echoes.read(page);
      this.#expectMended(letters);
    });
    this.#members = new MemberReader(options.redis, catalogue);
    this.#growing = namesWhere(catalogue, ({ shape }) => shape === 'members');
    this.#transactions = new Transactions({
      ...options,
      members: this.#members,
      onLetters: this.#expectMended,
    });
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
    if (this.#transactions.distrust > 0 || this.batches.strangersIn(page).size > 0) return false;
    if (!this.batches.of(page).isPlain) return false;
    for (const ids of deleted.values()) if (ids.size > 0) return false;
    for (const [kind, ids] of nominated) {
      if (ids.size > 0 && (kind !== this.#echoing || ![...ids].every((id) => this.#options.echoes.has(id))))
        return false;
    }
    return true;
  }

  /** @param behind for a plain page, while another one is under way */
  async applyPage(page: Page, behind?: Behind): Promise<void> {
    const strangers = this.batches.strangersIn(page);
    if (strangers.size > 0) await this.#transactions.meet(strangers);
    const batch = this.batches.of(page);
    // Not before: with its batch the page told of what it carries, and may delete the same.
    for (const id of page.deleted.get(this.#echoing) ?? []) this.#options.echoes.delete(id);
    for (const kind of this.#growing) this.#deleteGrowing(kind, page, batch);
    const transactions = this.#transactions;
    const fresh = transactions.distrust === 0 && compareEntryIds(page.position, this.#knownUntil) > 0;
    transactions.distrust = Math.max(0, transactions.distrust - 1);
    const nominated = this.#withoutEchoes(page.nominated);
    if (behind !== undefined && fresh) await transactions.commit({ batch, page, direct: true, behind });
    else {
      await behind?.previous;
      const after = behind && { postgres: behind.postgres, previous: undefined };
      await this.#transactions.apply({ ...page, batch, nominated, page, direct: fresh, behind: after });
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
    const direct = this.#transactions.distrust === 0;
    await this.#transactions.apply({ batch, nominated, following, direct });
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
    await this.#transactions.apply({ ...due, direct: false });
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
      await this.#transactions.apply({
        batch: new Batch(),
        nominated: new Map([[kind, new Set(ready)]]),
        direct: false,
      });
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
      await this.#transactions.apply({ batch: new Batch(), nominated: due, direct: false });
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

  /** Mended by hand they are news. */
  readonly #expectMended = (letters: readonly DeadLetter[]): void => {
    const echoing = packedKind(this.#options.truth.catalogue);
    for (const { kind, key } of letters)
      if (kind === echoing?.name) this.#options.echoes.delete(idIn(echoing, key));
  };
}
