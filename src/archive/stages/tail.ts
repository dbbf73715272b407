import type { Catalogue } from '../../mapping/kinds';
import type { Stage } from '../../pipeline/turns';
import { Relay } from '../apply/relay';
import type { Checkpoint } from '../position/checkpoint';
import type { Echoes } from '../stream/echoes';
import { beforeAll } from '../stream/entry-id';
import type { Page } from '../tail/stream';
import { isSmall, StreamTail } from '../tail/stream-tail';
import { Trimming } from '../tail/trim';
import type { UnmappedKeys } from '../tail/unmapped';
import type { ArchiveConnections } from './connections';
import type { Prepare } from './prepare';

export interface ArchiveTailOptions {
  readonly connections: ArchiveConnections;
  readonly catalogue: Catalogue;
  readonly checkpoint: Checkpoint;
  readonly prepare: Prepare;
  readonly echoes: Echoes;
  /** Called when there may be something to do. */
  readonly onWake: () => void;
  /** What is read over a new connection may come from another life of Redis. */
  readonly onConnected: () => void;
  readonly unmapped: UnmappedKeys;
  /** Whether a page still counts. */
  readonly mayApply: (page: Page) => Promise<boolean>;
  /** Whether another page may begin before the turn is over. */
  readonly mayGoOn: () => boolean;
}

/** The stream: what is read of it, applied, and then cut off. */
export class Tail {
  readonly #options: ArchiveTailOptions;
  readonly #tail: StreamTail;
  readonly #relay: Relay;
  readonly #trimming: Trimming;
  #entryId = beforeAll;
  #behindSince: number | undefined;

  constructor(options: ArchiveTailOptions) {
    const { connections, catalogue, prepare, echoes, onWake, onConnected, mayGoOn } = options;
    const { redis, tail, postgres, others } = connections;
    this.#options = options;
    this.#trimming = new Trimming(redis);
    this.#tail = new StreamTail({
      ...{ connection: tail, catalogue, echoes, onReady: onWake },
      takenOut: () => prepare.takenOut,
      onRead: (page) => {
        prepare.made?.batches.ahead(page).catch(() => undefined); // thrown again when the page has its turn
      },
    });
    tail.client.on('ready', onConnected);
    this.#relay = new Relay({
      tail: this.#tail,
      connections: [postgres, ...others],
      isPlain: (page) => prepare.applier.isPlain(page),
      isGrowing: isSmall,
      apply: async (page, behind) => {
        this.#behindSince ??= page.since;
        // Written down before the position moves on.
        if (page.owesPass) await options.checkpoint.requestPass();
        return prepare.applier.applyPage(page, behind);
      },
      onApplied: ({ position, since, unmapped, takenOut }) => {
        options.unmapped.note(unmapped);
        options.unmapped.noteTakenOut(takenOut);
        this.#entryId = position;
        this.#behindSince = since;
        this.#trimming.start(options.checkpoint.position, position);
      },
      mayGoOn,
    });
  }

  /** The last entry known to be applied. */
  get entryId(): string {
    return this.#entryId;
  }

  /** Whether a page has come that is to be applied. */
  get waits(): boolean {
    return this.#tail.peek(this.#entryId) !== undefined;
  }

  /** When the oldest entry not yet applied was written; undefined: in step. */
  get behindSince(): number | undefined {
    return this.#behindSince;
  }

  goOnFrom(entryId: string): void {
    this.#entryId = entryId;
  }

  /** Applies the next page, if it is there, and those that follow closely. */
  readonly run: Stage = async () => {
    const page = this.#tail.take(this.#entryId);
    if (page === undefined) return undefined;
    if (!(await this.#options.mayApply(page))) return 'again';
    await this.#trimming.settle(); // that of the pages before
    await this.#relay.run(page);
    return 'more';
  };

  /** Nothing waits. */
  readonly rest: Stage = () => (this.#behindSince = undefined);

  /** Cuts off all that is applied, if nothing waits. */
  async tidy(): Promise<void> {
    const { position } = this.#options.checkpoint;
    if (position !== undefined && this.#behindSince === undefined) await this.#trimming.exactly(position);
  }

  /** What was read ahead does not count any more. */
  reset(): void {
    this.#tail.reset();
  }
}
