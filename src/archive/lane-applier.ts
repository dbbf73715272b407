import type { Log } from '../log/log';
import type { ServerFacts } from '../connections/redis';
import { Applier, type ApplierOptions } from './apply/applier';
import { findTargets, inspectRedis, prepareSchema } from './schema/preparation';
import { ArchiveSink, type SinkOptions } from './apply/sink';
import type { Targets } from './record/target';

export interface LaneApplierOptions
  extends Omit<ApplierOptions, 'sink'>, Pick<SinkOptions, 'strategies' | 'onDelete'> {
  readonly log: Log;
  readonly onIncident: (what: string) => void;
}

/** The applier of a lane: made when both servers have been looked at, and anew when a table may have changed. */
export class LaneApplier {
  server: ServerFacts | undefined;
  /** Everything was in order once: what fails from now on may be mended while we go on trying. */
  started = false;
  /** The one made last. */
  current: Applier | undefined;
  readonly #options: LaneApplierOptions;
  #targets: Targets | undefined;

  constructor(options: LaneApplierOptions) {
    this.#options = options;
  }

  /** The tables as they were when they were last looked at. */
  get targets(): Targets {
    if (this.#targets === undefined) throw new Error('the tables have not been looked at');
    return this.#targets;
  }

  /** Makes it, unless it is made. @throws E_PG_… (fatal) when the tables cannot take the records */
  async prepare(): Promise<Applier> {
    if (this.current !== undefined && this.#targets !== undefined) return this.current;
    const { redis, postgres, truth, log, onDelete, onIncident } = this.#options;
    const { catalogue } = truth;
    await redis.connect();
    this.server ??= await inspectRedis(redis, log, onIncident);
    // Only at first: a table that is renamed while we run comes back, and not beside an empty one of ours.
    if (!this.started) await prepareSchema(postgres, catalogue, log);
    this.#targets = await findTargets(postgres, catalogue, onDelete);
    const sink = new ArchiveSink({ ...this.#options, targets: this.#targets });
    this.current = new Applier({ ...this.#options, sink });
    this.started = true;
    return this.current;
  }

  /** A table may have changed: look at it again. */
  distrust(): void {
    this.#targets = undefined;
  }
}
