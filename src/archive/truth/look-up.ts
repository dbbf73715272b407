import { inOrder } from '../record/id-order';
import type { Kind } from '../../mapping/kinds';
import type { EntryReader } from './entry-reader';
import type { MemberReader } from './member-reader';
import type { Truth, TruthReader } from './truth';
import type { Nominations } from '../record/nomination';

export interface Answer {
  readonly kind: Kind;
  /** latin1 */
  readonly id: string;
  readonly truth: Truth;
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
    for (let at = 0; at < ids.length;) {
      const wanted = ids.slice(at, at + chunk);
      const truths = await truth.readSome(kind, wanted);
      yield truths.map((one, index) => ({ kind, id: wanted[index] ?? '', truth: one }));
      at += truths.length;
    }
  }
}
