import type { Nomination } from './mirror-event';

/** The stream everything goes through, in the database of the data. */
export const changesStream = 'millrace:changes';

/** Pairs and bytes that one entry holds at the most (a single longer key has an entry of its own). */
const entryPairs = 100;
const entryBytes = 64 * 1024;

/** Text that is the same bytes in latin1 and UTF-8 goes as it is, which is cheaper. */
const bytes = (latin1: string): string | Buffer =>
  Buffer.byteLength(latin1) === latin1.length ? latin1 : Buffer.from(latin1, 'latin1');

/** Cuts nominations into entries, in order. */
export function entriesOf<T extends Nomination>(nominations: readonly T[]): readonly (readonly T[])[] {
  const entries: T[][] = [];
  let entry: T[] = [];
  let size = 0;
  for (const nomination of nominations) {
    const added = nomination.kind.length + 1 + nomination.id.length;
    if (entry.length === entryPairs || (entry.length > 0 && size + added > entryBytes)) {
      entries.push(entry);
      entry = [];
      size = 0;
    }
    entry.push(nomination);
    size += added;
  }
  if (entry.length > 0) entries.push(entry);
  return entries;
}

/** The fields and values of an entry, for XADD: `<kind>` nominates, `<kind>-` tells a deletion. */
export const entryFields = (entry: readonly Nomination[]): (string | Buffer)[] =>
  entry.flatMap(({ kind, id, deleted }) => [deleted ? `${kind}-` : kind, bytes(id)]);
