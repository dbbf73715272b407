import type { PostgresConnection } from '../../connections/postgres/postgres';
import { collectGarbage } from '../../foundation/collect-garbage';
import { type Kind, type KindName, onDeleteOf, packedKind } from '../../mapping/kinds';
import { Batch } from '../batch/batch';
import { type Strangers, strangersIn } from '../batch/strangers';
import type { DeadLetter } from '../letters/dead-letters';
import type { Nominated } from '../record/nominated';
import type { Nominations } from '../record/nomination';
import type { Checkpoint } from '../position/checkpoint';
import type { Targets } from '../record/target';
import type { Page } from '../tail/stream';
import type { EntryReader } from '../truth/entry-reader';
import { type Answer, lookUp } from '../truth/look-up';
import type { MemberReader } from '../truth/member-reader';
import { packedOf, putAnswers, putGone } from '../truth/put-answers';
import type { TruthReader } from '../truth/truth';
import type { BatchOutcome } from '../write/attempt';
import type { Behind } from './relay';
import type { ArchiveSink } from './sink';
import { WriteBehind } from './write-behind';

export interface TransactionsOptions {
  readonly checkpoint: Checkpoint;
  readonly truth: TruthReader;
  readonly sink: ArchiveSink;
  readonly members: MemberReader;
  /** One for all appliers, as it knows which streams are not read to their end. */
  readonly entries: EntryReader;
  /** The kinds that are served. */
  readonly targets: Targets;
  readonly onDelete: 'keep' | 'delete';
  /**
   * @param ms how long the transaction took
   * @param since when the oldest change was made, for those of the stream
   */
  readonly onApplied: (applied: BatchOutcome, ms: number, since: number | undefined) => void;
  readonly onLetters: (letters: readonly DeadLetter[]) => void;
}

/** What is to be applied: a batch, and what has to be looked up for it. */
export interface Work {
  readonly batch: Batch;
  readonly nominated: Nominations;
  readonly following?: Nominated['following'] | undefined;
  readonly deleted?: Nominations;
  readonly lapsed?: Nominations;
  /** To whose end the position moves. */
  readonly page?: Page;
  /** Whether the position proves that append-only records are new. */
  readonly direct: boolean;
  readonly behind?: Behind | undefined;
}

/** A transaction gets about so many records, and bytes. */
const batchRows = 5_000;
/** The same of records that are copied as they are: a commit takes as long as to copy two thousand of them. */
const copiedRows = 10_000;
const batchBytes = 8 * 1024 * 1024;
/** So many are begun with while Postgres has nothing to do, if as many are still to come. */
const startRows = 1_000;
/** With so many bytes on their way nothing is read ahead: it may be as large. */
const largeBytes = 16 * 1024 * 1024;
/** After a page held records that were there already, so many pages go the careful way. */
const distrustPages = 20;

/** Looks up what is nominated, and hands it to the sink in as many transactions as it takes. */
export class Transactions {
  readonly #options: TransactionsOptions;
  readonly #deleting: readonly Kind[]; // kinds whose rows do not stay when their records are deleted
  readonly #packed: KindName;
  /** How many pages have to go the careful way. */
  distrust = 0;

  constructor(options: TransactionsOptions) {
    this.#options = options;
    const { onDelete, targets, truth } = options;
    this.#deleting = [...targets.values()].flatMap(({ kind }) =>
      onDeleteOf(kind, onDelete) === 'keep' ? [] : [kind],
    );
    this.#packed = packedKind(truth.catalogue)?.name ?? '';
  }

  /**
   * Looks up what is nominated and applies it, in as many transactions as its size asks for; the last one moves the position.
   * The next records are looked up while Postgres writes the last ones: in order all the same, so nothing goes back to an older value.
   */
  async apply(work: Work): Promise<void> {
    let left = 0;
    const answers = this.#answers(work, (count) => (left += count));
    const writes = new WriteBehind();
    let { batch, direct } = work;
    let bytes = 0;
    let next: ReturnType<typeof answers.next> | undefined;
    try {
      for (;;) {
        const answer = await (next ?? answers.next());
        next = undefined;
        if (answer.done === true) break;
        const { value } = answer;
        for (const { ids } of value) left -= ids?.length ?? 1;
        const strangers = strangersIn(packedOf(value), this.#options.sink.knownId);
        if (strangers.size > 0) await this.meet(strangers, work.behind?.postgres);
        bytes += putAnswers(batch, value, this.#options.sink.knownId);
        if (bytes < largeBytes) {
          next = answers.next();
          next.catch(() => undefined); // thrown when it is awaited
        }
        if (this.#deleting.length > 0) putGone(batch, this.#deleting, value, work);
        // Of a key that grows the last members are read again, so that none of the same score is missed.
        if (value.some(({ kind }) => kind.shape === 'members')) direct = false;
        const isFull = batch.size >= (batch.isPlain ? copiedRows : batchRows) || bytes >= batchBytes;
        // Of what never changes it does not matter what comes in one transaction with what.
        const mayStart = !writes.isBusy && value.every(({ kind }) => kind.packed);
        if (!isFull && !(mayStart && Math.min(batch.size, left) >= startRows)) continue;
        // Letters that are tried again go with the last of it: they are all that tells of a deletion that was refused.
        const retried = batch.retried.splice(0);
        const [full, isDirect] = [batch, direct];
        await writes.start(() => this.commit({ batch: full, direct: isDirect, behind: work.behind }));
        const isLarge = bytes >= batchBytes;
        batch = new Batch();
        batch.retried.push(...retried);
        batch.life = full.life;
        bytes = 0;
        if (!isLarge) continue;
        await writes.done(); // no more of that size is held
        collectGarbage();
      }
      await writes.done();
      if (batch.size > 0 || work.page !== undefined) await this.commit({ ...work, batch, direct });
    } finally {
      await writes.settled();
      await answers.return(undefined); // what was asked for ahead is nominated, and has to be told before it is nominated again
    }
  }

  /** Looks up what is nominated, of the kinds that are served. @param onMore told how many records are to come */
  async *#answers(
    { nominated, following }: Pick<Work, 'nominated' | 'following'>,
    onMore: (count: number) => void,
  ): AsyncGenerator<readonly Answer[]> {
    const { truth, targets, entries, members } = this.#options;
    for (let more: Nominations | undefined = nominated; more !== undefined; more = following?.()) {
      const served = new Map([...more].filter(([kind]) => targets.has(kind)));
      for (const ids of served.values()) onMore(ids.size);
      yield* lookUp(served, { truth, members, entries });
    }
  }

  /**
   * Gets to know the parents of packed records: with their ids the records go straight to COPY. Those that Postgres does not have are
   * applied before their children, by which they would be brought otherwise.
   */
  async meet(strangers: Strangers, postgres?: PostgresConnection): Promise<void> {
    const missing = await this.#options.sink.learn(strangers, postgres);
    const nominated = new Map([...missing].map(([kind, all]) => [kind, new Set(all.map(({ id }) => id))]));
    const behind = postgres && { postgres, previous: undefined };
    if (missing.size > 0) await this.apply({ batch: new Batch(), nominated, direct: false, behind });
  }

  /** One transaction, of a batch of which nothing has to be looked up. */
  async commit({ batch, page, direct, behind }: Omit<Work, 'nominated'>): Promise<void> {
    const { checkpoint, sink, onApplied, onLetters } = this.#options;
    const entryId = page?.position ?? checkpoint.position?.entryId;
    if (entryId === undefined) throw new Error('the position is not known');
    if (page === undefined && batch.of(this.#packed).length > 0) batch.spread(); // in order, as the sink sorts rows
    const beganAt = performance.now();
    const applied = await sink.apply(batch, entryId, direct, behind);
    const ms = performance.now() - beganAt;
    if (direct && !applied.direct) this.distrust = distrustPages;
    onLetters(applied.letters);
    onApplied(applied, ms, page?.since);
  }
}
