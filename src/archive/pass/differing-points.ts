import type { Kind } from '../../mapping/kinds';
import type { Found } from '../record/found';
import type { MemberReader } from '../truth/member-reader';
import type { Differences } from './differences';

/** How many metric points are compared at once, and from how many keys, of which each takes a round trip or more. */
const pagePoints = 1_000;
const pageKeys = 100;

export interface DifferingPoints {
  /** The points that Postgres lacks, or that can be no rows; in order. */
  readonly missing: readonly Found[];
  /** Ids of keys that cannot be read. */
  readonly unfit: readonly string[];
}

/** Compares keys that grow, page by page: many short keys make a page, a long key several. @param known keys of which no more needs to be read */
export async function* differingPoints(
  kind: Kind,
  ids: readonly string[],
  { members, differences }: { readonly members: MemberReader; readonly differences: Differences },
  known: ReadonlySet<string> = new Set(),
): AsyncGenerator<DifferingPoints> {
  let points: Found[] = [];
  let unfit: string[] = [];
  const page = async (): Promise<DifferingPoints> => {
    const lacking = new Set((await differences.ofRecords(points)).map(({ found }) => found));
    const compared = { missing: points.filter((point) => lacking.has(point)), unfit };
    [points, unfit] = [[], []];
    return compared;
  };
  for (const [index, id] of ids.entries()) {
    members.forget();
    for await (const truth of members.read(kind, Buffer.from(id, 'latin1'))) {
      if (truth.state === 'found') points.push(...truth.records);
      else if (truth.state === 'unfit') unfit.push(id);
      if (points.length < pagePoints) continue;
      yield await page();
      if (known.has(id)) break;
    }
    if ((index + 1) % pageKeys === 0 || index + 1 === ids.length) yield await page();
  }
}
