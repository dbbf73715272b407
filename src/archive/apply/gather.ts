import { Batch } from '../batch/batch';
import type { KnownId } from '../batch/carried-copy';
import type { Kind } from '../../mapping/kinds';
import type { Nominations } from '../record/nomination';
import type { Answer } from '../truth/look-up';
import { putAnswers, putGone } from '../truth/put-answers';

/** A transaction gets about so many records, and bytes. */
const batchRows = 5_000;
/** Of records that are copied as they are the first gets fewer, for nothing is written meanwhile, and each one after it twice as many, up to this. */
const firstCopied = 2_500;
const mostCopied = 10_000;
const batchBytes = 8 * 1024 * 1024;
/** With so many bytes on their way nothing is read ahead: it may be as large. */
const largeBytes = 16 * 1024 * 1024;

/** What is looked up is put to the records that are there already. */
export interface Gatherable {
  readonly batch: Batch;
  readonly deleted?: Nominations;
  readonly lapsed?: Nominations;
  readonly direct: boolean;
}

/** What one transaction gets. */
interface Gathered {
  readonly batch: Batch;
  readonly direct: boolean;
  /** It has to be through before anything else is read. */
  readonly isLarge: boolean;
  /** What is left, which may be nothing. */
  readonly isLast: boolean;
}

/** Gathers what is looked up into batches. The next answer is on its way while this one is put there. */
export async function* gather(
  work: Gatherable,
  answers: AsyncGenerator<readonly Answer[]>,
  { knownId, deleting }: { readonly knownId: KnownId; readonly deleting: readonly Kind[] },
): AsyncGenerator<Gathered> {
  let { batch, direct } = work;
  let bytes = 0;
  let copied = firstCopied;
  let next: ReturnType<typeof answers.next> | undefined;
  for (;;) {
    const answer = await (next ?? answers.next());
    next = undefined;
    if (answer.done === true) break;
    const { value } = answer;
    bytes += putAnswers(batch, value, knownId);
    if (bytes < largeBytes) {
      next = answers.next();
      next.catch(() => undefined); // thrown when it is awaited
    }
    if (deleting.length > 0) putGone(batch, deleting, value, work);
    // Of a key that grows the last members are read again, so that none of the same score is missed.
    if (value.some(({ kind }) => kind.shape === 'members')) direct = false;
    if (batch.size < (batch.isPlain ? copied : batchRows) && bytes < batchBytes) continue;
    copied = Math.min(copied * 2, mostCopied);
    // Letters that are tried again go with the last of it: they are all that tells of a deletion that was refused.
    const retried = batch.retried.splice(0);
    const { life } = batch;
    yield { batch, direct, isLarge: bytes >= largeBytes, isLast: false };
    batch = new Batch();
    batch.retried.push(...retried);
    batch.life = life;
    bytes = 0;
  }
  yield { batch, direct, isLarge: false, isLast: true };
}
