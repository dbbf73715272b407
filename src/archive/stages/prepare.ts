import type { Log } from '../../log/log';
import type { Stage } from '../../pipeline/turns';
import { Applier, type ApplierOptions } from '../apply/applier';
import { ArchiveSink, type SinkOptions } from '../apply/sink';
import type { Targets } from '../record/target';
import { findTargets, inspectRedis, prepareSchema } from '../schema/preparation';

export interface PrepareOptions
  extends Omit<ApplierOptions, 'sink'>, Pick<SinkOptions, 'strategies' | 'onDelete' | 'parked'> {
  readonly log: Log;
  readonly onIncident: (what: string) => void;
}

/** Makes the applier when both servers have been looked at, and anew when a table may have changed. */
export class Prepare {
  readonly #options: PrepareOptions;
  #evicts: boolean | undefined;
  #started = false;
  #applier: Applier | undefined;
  #targets: Targets | undefined;

  constructor(options: PrepareOptions) {
    this.#options = options;
  }

  /** Everything was in order once: what fails from now on may be mended while we go on trying. */
  get started(): boolean {
    return this.#started;
  }

  /** Whether Redis was set to evict keys like ours when it was looked at. */
  get evicts(): boolean {
    return this.#evicts ?? false;
  }

  /** The one made last; undefined: none yet. */
  get made(): Applier | undefined {
    return this.#applier;
  }

  /** The same, for the stages after this one. */
  get applier(): Applier {
    if (this.#applier === undefined) throw new Error('the lane is not prepared');
    return this.#applier;
  }

  /** The tables as they were when they were last looked at. */
  get targets(): Targets {
    if (this.#targets === undefined) throw new Error('the tables have not been looked at');
    return this.#targets;
  }

  /** @throws E_PG_… (fatal) when the tables cannot take the records */
  readonly run: Stage = async () => {
    if (this.#applier !== undefined && this.#targets !== undefined) return undefined;
    const { redis, postgres, log, onDelete, onIncident } = this.#options;
    await redis.connect();
    this.#evicts ??= (await inspectRedis(redis, log, onIncident)).evicts;
    // Only at first: a table that is renamed while we run comes back, and not beside an empty one of ours.
    if (!this.#started) await prepareSchema(postgres, log);
    this.#targets = await findTargets(postgres, onDelete);
    const sink = new ArchiveSink({ ...this.#options, targets: this.#targets });
    this.#applier = new Applier({ ...this.#options, sink });
    this.#started = true;
    return undefined;
  };

  /** A table may have changed: look at it again. */
  distrust(): void {
    this.#targets = undefined;
    this.#options.parked.suspect();
  }
}
