import type { Applier } from './apply/applier';
import type { Catalogue } from '../mapping/kinds';
import type { Checkpoint } from './position/checkpoint';
import { Echoes } from './stream/echoes';
import { beforeAll } from './stream/entry-id';
import type { LaneConnections } from './lane-connections';
import { Relay } from './apply/relay';
import type { Page } from './tail/stream';
import { lastEntryId, StreamTail } from './tail/stream-tail';
import { Trimming } from './tail/trim';

export interface LaneStreamOptions {
  readonly connections: LaneConnections;
  readonly catalogue: Catalogue;
  readonly checkpoint: Checkpoint;
  /** Undefined: not made yet. */
  readonly applier: () => Applier | undefined;
  /** Called when there may be something to do. */
  readonly onWake: () => void;
  /** What is read over a new connection may come from another life of Redis. */
  readonly onConnected: () => void;
  /** Whether another page may begin before the turn is over. */
  readonly mayGoOn: () => boolean;
}

/** The stream of a lane: what is read of it, applied, and then cut off. */
export class LaneStream {
  readonly echoes: Echoes;
  /** The last entry known to be applied. */
  entryId = beforeAll;
  /** When the oldest entry not yet applied was written; undefined: in step. */
  behindSince: number | undefined;
  readonly #options: LaneStreamOptions;
  readonly #tail: StreamTail;
  readonly #relay: Relay;
  readonly #trimming: Trimming;

  constructor(options: LaneStreamOptions) {
    const { connections, catalogue, applier, onWake, onConnected, mayGoOn } = options;
    const { redis, tail, postgres, second } = connections;
    this.#options = options;
    this.#trimming = new Trimming(redis);
    this.echoes = new Echoes(() => lastEntryId(redis));
    this.#tail = new StreamTail({
      connection: tail,
      catalogue,
      echoes: this.echoes,
      known: (kind, identity) => applier()?.knownId(kind, identity),
      onReady: onWake,
    });
    tail.client.on('ready', onConnected);
    this.#relay = new Relay({
      tail: this.#tail,
      connections: [postgres, second],
      isPlain: (page) => applier()?.isPlain(page) === true,
      apply: async (page, behind) => {
        const made = applier();
        if (made === undefined) throw new Error('the lane is not prepared');
        this.behindSince ??= page.since;
        // Written down before the position moves on.
        if (page.owesPass) await options.checkpoint.requestPass();
        return made.applyPage(page, behind);
      },
      onApplied: ({ position, since }) => {
        this.entryId = position;
        this.behindSince = since;
        this.#trimming.start(options.checkpoint.position, position);
      },
      mayGoOn,
    });
  }

  /** The next page, if it is there. */
  take(): Page | undefined {
    return this.#tail.take(this.entryId);
  }

  /** Applies a page, and those that follow closely. */
  async apply(page: Page): Promise<void> {
    await this.#relay.run(page);
    await this.#trimming.settle();
  }

  /** Cuts off all that is applied, if nothing waits. */
  async tidy(): Promise<void> {
    const { position } = this.#options.checkpoint;
    if (position !== undefined && this.behindSince === undefined) await this.#trimming.exactly(position);
  }

  /** What was read ahead does not count any more. */
  reset(): void {
    this.#tail.reset();
  }
}
