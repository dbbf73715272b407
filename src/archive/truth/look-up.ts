import { inOrder } from '../record/id-order';
import type { Found } from '../record/found';
import type { Kind } from '../../mapping/kinds';
import type { EntryReader } from './entry-reader';
import type { MemberReader } from './member-reader';
import type { PackedTruths, Truth, TruthReader } from './truth';
import type { Nominations } from '../record/nomination';

export interface Answer {
  readonly kind: Kind;
  /** latin1 */
  readonly id: string;
  readonly truth: Truth;
  /** Of packed records that come together, instead of `id`. */
  readonly ids?: readonly string[];
  /** Of a key with very many records, which come a part at a time: which part this is, and, with the last, all of them. */
  readonly part?: { readonly isFirst: boolean; readonly whole: readonly Found[] | undefined };
}

/** Who reads keys that hold records of which shape: all that are read whole, those that grow, and streams. */
export interface Readers {
  readonly truth: TruthReader;
  readonly members: MemberReader;
  readonly entries: EntryReader;
}

/** How many records are looked up at once: a page that nominates very large ones is cut into such pieces. */
const chunk = 500;

/** Reads what nominated records are now: parents before children, by rising ids, in pieces of bounded size. */
export async function* lookUp(
  nominated: Nominations,
  { truth, members, entries }: Readers,
): AsyncGenerator<readonly Answer[]> {
  for (const [name, kind] of truth.catalogue) {
    const ids = inOrder(nominated.get(name) ?? []);
    if (ids.length === 0) continue;
    if (kind.shape === 'entries') {
      for await (const answers of entries.read(kind, ids))
        yield answers.map(({ id, truth: found }) => ({ kind, id, truth: found }));
      continue;
    }
    if (kind.shape === 'members') {
      for (const id of ids) {
        for await (const found of members.read(kind, Buffer.from(id, 'latin1')))
          yield [{ kind, id, truth: found }];
      }
      continue;
    }
    if (kind.packed) {
      yield* lookUpPacked(kind, ids, truth);
      continue;
    }
    for (let at = 0; at < ids.length;) {
      const wanted = ids.slice(at, at + chunk);
      const truths = await truth.readSome(kind, wanted);
      const answers = truths.map((one, index): Answer => ({ kind, id: wanted[index] ?? '', truth: one }));
      if (kind.shape !== 'items') yield answers;
      else for (const answer of answers) yield* inParts(answer);
      at += truths.length;
    }
  }
}

/** The same for the packed kind: Redis is asked for the next piece before this one is there, as long as they are not large. */
async function* lookUpPacked(
  kind: Kind,
  ids: readonly string[],
  truth: TruthReader,
): AsyncGenerator<readonly Answer[]> {
  const read = (from: number): Promise<PackedTruths> => {
    const piece = truth.readPacked(kind, ids.slice(from, from + chunk));
    piece.catch(() => undefined); // thrown when it is awaited
    return piece;
  };
  let ahead: Promise<PackedTruths> | undefined;
  let isWhole = false;
  for (let at = 0; at < ids.length;) {
    const coming = ahead ?? read(at);
    const next = at + chunk;
    ahead = isWhole && next < ids.length ? read(next) : undefined;
    const piece = await coming;
    at += piece.ids.length;
    isWhole = at >= next;
    if (!isWhole) ahead = undefined; // it begins too late
    yield packedAnswers(kind, piece);
  }
}

function packedAnswers(kind: Kind, { ids, found, value, others }: PackedTruths): readonly Answer[] {
  const answers = [...others].map(([at, truth]): Answer => ({ kind, id: ids[at] ?? '', truth }));
  if (found.length > 0) answers.push({ kind, id: '', ids: found, truth: { state: 'packed', value } });
  return answers;
}

/** How many records of one key come together: they are written in one transaction. */
const partRecords = 5_000;

function* inParts(answer: Answer): Generator<readonly Answer[]> {
  const { truth } = answer;
  if (truth.state !== 'found' || truth.records.length <= partRecords) {
    yield [answer];
    return;
  }
  const { records } = truth;
  for (let at = 0; at < records.length; at += partRecords) {
    const isLast = at + partRecords >= records.length;
    const part = { isFirst: at === 0, whole: isLast ? records : undefined };
    yield [{ ...answer, truth: { state: 'found', records: records.slice(at, at + partRecords) }, part }];
  }
}
