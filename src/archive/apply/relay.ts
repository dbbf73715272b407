import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { Page } from '../tail/stream';
import type { StreamTail } from '../tail/stream-tail';

/** A transaction that begins while the one before it is not committed yet. */
export interface Behind {
  /** Resolves when that one is committed, rejects when it failed. Only then may the position move. Undefined: it is. */
  readonly previous: Promise<unknown> | undefined;
  /** Free for this page until it is applied, in whatever way: the other one may be held by the next page, which waits for this one. */
  readonly postgres: PostgresConnection;
}

export interface RelayOptions {
  readonly tail: StreamTail;
  /** They take turns; the first page of a run needs none of them. */
  readonly connections: readonly PostgresConnection[];
  readonly isPlain: (page: Page) => boolean;
  /** Whether a page takes in what comes until it is taken. */
  readonly isGrowing: (page: Page) => boolean;
  readonly apply: (page: Page, behind?: Behind) => Promise<void>;
  readonly onApplied: (page: Page) => void;
  /** Whether nothing else is due: what is has to wait until all pages are applied. */
  readonly mayGoOn: () => boolean;
}

/** After a failure pages go one by one for so long: some of them may have been in each other's way. */
const apartMs = 30_000;

/**
 * Several writers: while a page of plain records is on its way to its commit, the rows of the next ones are copied over other
 * connections. The position moves in order all the same, each time in the transaction of its page, so that a crash leaves no
 * gap: see `ArchiveSink.apply`.
 */
export class Relay {
  readonly #options: RelayOptions;
  #apartUntil = 0;
  /** Whether a page has failed since the run began: no other begins then. */
  #isFailing = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Applies a page, and those plain ones that follow closely. All of them are settled at the end, whatever happens. */
  async run(first: Page): Promise<void> {
    const { isPlain, connections } = this.#options;
    /** In order; each waits for the one before. */
    const underWay: Promise<void>[] = [];
    this.#isFailing = false;
    try {
      for (let page: Page | undefined = first, turn = 0; page !== undefined; turn++) {
        const [previous, postgres] = [underWay.at(-1), connections[turn % connections.length]];
        const behind = previous && postgres && { previous, postgres };
        underWay.push(this.#start(page, behind));
        if (underWay.length === connections.length) await underWay.shift(); // the next one gets its connection
        page = isPlain(page) ? await this.#following(page, underWay) : undefined;
      }
      for (const page of underWay) await page;
    } catch (error) {
      this.#apartUntil = performance.now() + apartMs;
      await Promise.allSettled(underWay);
      throw error;
    }
  }

  #start(page: Page, behind: Behind | undefined): Promise<void> {
    const { apply, onApplied } = this.#options;
    const done = apply(page, behind).then(() => {
      onApplied(page);
    });
    done.catch(() => {
      this.#isFailing = true; // thrown by `run`, which awaits it
    });
    return done;
  }

  /** The page after this one, if it comes before all that are under way are done. */
  async #following(page: Page, underWay: readonly Promise<void>[]): Promise<Page | undefined> {
    const { tail, isPlain, isGrowing, mayGoOn } = this.#options;
    if (performance.now() < this.#apartUntil) return undefined;
    await Promise.race([tail.arrival(page.position), Promise.all(underWay)]);
    const next = tail.peek(page.position);
    // Looked at last: a good deal may have happened meanwhile.
    if (next === undefined || this.#isFailing || !isPlain(next) || !mayGoOn()) return undefined;
    // Beside the one under way it would be one more transaction, for processors that are busy; after it, it has more.
    if (isGrowing(next)) return undefined;
    return tail.take(page.position);
  }
}
