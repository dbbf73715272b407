import type { Log } from '../../log/log';
import type { KindName } from '../../mapping/kinds';
import type { Stage } from '../../pipeline/turns';
import { Applier, type ApplierOptions } from '../apply/applier';
import { ArchiveSink, type SinkOptions } from '../apply/sink';
import type { Targets } from '../record/target';
import { noteMapped } from '../schema/note-mapped';
import { inspectRedis, lookAtTables, prepareSchema, type StoppedMapping } from '../schema/preparation';

export interface PrepareOptions
  extends Omit<ApplierOptions, 'sink' | 'targets'>, Pick<SinkOptions, 'strategies' | 'parked'> {
  readonly log: Log;
  readonly onIncident: (what: string) => void;
  /** Called when a mapping that was stopped is served: what happened meanwhile was passed over. */
  readonly onServed: () => void;
}

/** How often the tables are looked at while a mapping is stopped: a person has to mend them. */
const everyMs = 10_000;

/** Looks at both servers and makes the applier; does so again when a table may have changed. */
export class Prepare {
  readonly #options: PrepareOptions;
  #evicts: boolean | undefined;
  #started = false;
  #applier: Applier | undefined;
  #targets: Targets | undefined;
  #stopped: readonly StoppedMapping[] = [];
  #takenOut: ReadonlySet<KindName> = new Set();
  /** The kinds that were served at any time. */
  readonly #served = new Set<KindName>();
  #lookedAt = -Infinity;

  constructor(options: PrepareOptions) {
    this.#options = options;
  }

  /** Whether everything was in order once: a failure from now on may be mended while we go on trying. */
  get started(): boolean {
    return this.#started;
  }

  /** Whether Redis was set to evict keys like ours when it was looked at. */
  get evicts(): boolean {
    return this.#evicts ?? false;
  }

  /** The applier that was made last; undefined before the first. */
  get made(): Applier | undefined {
    return this.#applier;
  }

  /** The applier, for the stages after this one. */
  get applier(): Applier {
    if (this.#applier === undefined) throw new Error('the lane is not prepared');
    return this.#applier;
  }

  /** The tables, as they were when they were last looked at. */
  get targets(): Targets {
    if (this.#targets === undefined) throw new Error('the tables have not been looked at');
    return this.#targets;
  }

  /** The mappings of the user's own that are not served, as they were when the tables were last looked at. */
  get stopped(): readonly StoppedMapping[] {
    return this.#stopped;
  }

  /** Mappings of the user's own that were in force before, and are not any more. */
  get takenOut(): ReadonlySet<KindName> {
    return this.#takenOut;
  }

  /** @throws E_PG_… (fatal) when the tables cannot take the records */
  readonly run: Stage = async () => {
    if (this.#applier !== undefined && this.#targets !== undefined && !(await this.#servesMore()))
      return undefined;
    const { redis, postgres, truth, log, onIncident } = this.#options;
    const { catalogue } = truth;
    await redis.connect();
    this.#evicts ??= (await inspectRedis(redis, log, onIncident)).evicts;
    // Migrates at the start only. A table that somebody renames while we run will come back, and must not find a new empty one in its place.
    if (!this.#started) await prepareSchema(postgres, catalogue, log);
    const targets = await this.#look();
    const sink = new ArchiveSink({ ...this.#options, targets });
    this.#applier = new Applier({ ...this.#options, sink, targets });
    this.#started = true;
    return undefined;
  };

  async #look(): Promise<Targets> {
    const { postgres, truth, onDelete } = this.#options;
    const { targets, stopped, takenOut } = await lookAtTables(postgres, truth.catalogue, onDelete);
    await noteMapped(postgres, targets);
    this.#targets = targets;
    this.#stopped = stopped;
    this.#takenOut = new Set(takenOut.map(({ kind }) => kind));
    for (const kind of targets.keys()) this.#served.add(kind);
    this.#lookedAt = performance.now();
    return targets;
  }

  /** Whether somebody has mended the table of a mapping that is stopped: then all is made anew, and a pass brings what was missed. */
  async #servesMore(): Promise<boolean> {
    if (this.#stopped.length === 0 || performance.now() - this.#lookedAt < everyMs) return false;
    const before = new Map(this.#stopped.map(({ kind, message }) => [kind, message]));
    await this.#look();
    // What lacks something is tried again when anything has changed: it may refer to another one's table. A table that was served, and is gone, may come back: it is not made anew.
    const changed = this.#stopped.some(({ kind, message }) => before.get(kind) !== message);
    const mended =
      changed || this.#stopped.length < before.size
        ? this.#stopped.filter(({ kind }) => !this.#served.has(kind))
        : [];
    const { postgres, truth, log } = this.#options;
    if (mended.length > 0) {
      await prepareSchema(postgres, truth.catalogue, log, new Set(mended.map(({ kind }) => kind)));
      await this.#look();
    }
    if (this.#stopped.length >= before.size) return false;
    this.#options.onServed();
    return true;
  }

  /** Has the tables looked at again, because one may have changed. */
  distrust(): void {
    this.#targets = undefined;
    this.#options.parked.suspect();
  }
}
