import type { AliasBatch } from '../sink/sink';
import type { ChangelogPage, ChangelogPosition } from '../source/changelog';
import type { Nomination } from '../source/documents/nominator';
import type { AliasSource } from '../source/source';

/** Names in one apply, about; and characters of values, but for one that is larger. */
const most = { names: 1_000, characters: 2_000_000 } as const;

export interface PageStep {
  readonly batches: readonly AliasBatch[];
  /** After the page's last row, when these batches are its last: the checkpoint moves with them, and with no others. */
  readonly end: ChangelogPosition | undefined;
}

/**
 * What is left to apply of a page of the changelog. One row may name a million keys (a league has a new name): they are asked for and sent
 * a thousand at a time. The file may be opened anew in between.
 */
export class PageApply {
  /** Where the page begins: the checkpoint has this position until all is applied. */
  readonly position: ChangelogPosition;
  readonly page: ChangelogPage;
  #left: readonly Nomination[];

  constructor(position: ChangelogPosition, page: ChangelogPage, nominations: readonly Nomination[]) {
    this.position = position;
    this.page = page;
    this.#left = [...nominations].reverse();
  }

  /** The next batches, with the truth as it is now. @param mayWrite whether a mapping's keys may be written; changes of the others are passed over */
  next(source: AliasSource, mayWrite: (type: string) => boolean): PageStep {
    const batches: AliasBatch[] = [];
    // What is left is noted at the end: SQLite may refuse a look-up, and then the same is asked for again.
    const left = [...this.#left];
    let names = 0;
    let characters = 0;
    while (names < most.names && characters < most.characters) {
      const nomination = left.pop();
      if (nomination === undefined) break;
      if (!mayWrite(nomination.type)) continue;
      if ('fan' in nomination) {
        const { names: found, rest } = source.fanOut(nomination);
        if (rest !== undefined) left.push(rest);
        if (found.length > 0) left.push({ type: nomination.type, names: found });
        continue;
      }
      const { type } = nomination;
      const truth = source.truths.get(type);
      if (truth === undefined) continue;
      const asked = nomination.names.slice(0, most.names - names);
      const values = truth.lookUp(asked, most.characters);
      const aliases = asked.slice(0, values.length);
      batches.push({ type, keyspace: truth.keyspace, aliases, values });
      names += aliases.length;
      for (const value of values) characters += value.length;
      const rest = nomination.names.slice(aliases.length);
      if (rest.length > 0) left.push({ type, names: rest });
    }
    this.#left = left;
    return { batches, end: left.length === 0 ? this.page.position : undefined };
  }
}
