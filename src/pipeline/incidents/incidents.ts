import { hostname } from 'node:os';
import { randomBytes } from 'node:crypto';
import { describeError, type ErrorReport } from '../../foundation/errors';
import type { Log } from '../../log/log';
import type { Tell } from '../event';
import { type Incident, mergeIncidents, storeOf, type StoreName } from './incident';
import { Outages, outageOf, type SeenOutage } from './outages';
import type { PipelineName } from '../../config/names';

/** Where incidents outlive the daemon: in the pipeline's target, beside its checkpoint. */
export interface IncidentStore {
  readonly is: StoreName;
  /** The stored incidents, the oldest first. @throws an explained error */
  readonly read: () => Promise<readonly Incident[]>;
  /** Replaces the stored incidents by what `change` makes of them, if nobody else does so meanwhile. @returns the incidents stored then */
  readonly update: (
    change: (stored: readonly Incident[]) => readonly Incident[],
  ) => Promise<readonly Incident[]>;
}

export interface IncidentsOptions {
  readonly pipeline: PipelineName;
  readonly log: Log;
  readonly tell: Tell;
  readonly store: IncidentStore;
}

/** How many incidents `list` shows. */
const shown = 50;
/** The shortest time between two writes to the store, however much happens. */
const everyMs = 5_000;
/** How often an outage that goes on is written again, so that its end is roughly known if no daemon lives to see it. */
const againMs = 60_000;
/** The most characters of a message; longer ones, which quote much, are cut. */
const longest = 300;
/** A stop waits no longer than this for the last incidents to be written. */
const patienceMs = 1_000;

/** The incidents and outages of a pipeline: logged, sent as events, and kept in the target store when that can be written. */
export class Incidents {
  readonly #options: IncidentsOptions;
  readonly #by = `${hostname()}:${process.pid}`;
  readonly #prefix = randomBytes(4).toString('hex');
  #count = 0;
  #past: readonly Incident[] = [];
  readonly #outages: Outages;
  /** Whether the store itself is away. */
  #away = false;
  #read = false;
  /** Whether something is not in the store yet, or the store was not read yet. */
  #owed = true;
  #savedAt = -Infinity;
  #saving: Promise<void> | undefined;
  #complained = false;

  constructor(options: IncidentsOptions) {
    this.#options = options;
    this.#outages = new Outages({
      nextId: () => this.#nextId(),
      time: Date.now,
      onChange: (seen, change) => {
        this.#owed = true;
        if (change === 'ended')
          this.#past = mergeIncidents([this.#past, [this.#incidentOf(seen)]], Date.now());
        if (change === 'begun') options.tell({ type: 'incident', what: whatOf(seen) });
      },
    });
  }

  /** The incidents, the oldest first, with those of earlier daemons. */
  get list(): readonly Incident[] {
    return this.#all().slice(-shown);
  }

  /** Since when cycles have been failing, in milliseconds since 1970; null: they are not. */
  get failingSince(): number | null {
    return this.#outages.failingSince;
  }

  /** @param silentSince when a daemon that has crashed gave its last sign of life: nothing was applied since */
  add(what: string, silentSince?: number): void {
    const now = Date.now();
    const outage =
      silentSince === undefined
        ? null
        : {
            store: null,
            code: 'E_SILENT_OWNER',
            endedAt: now,
            seenAt: now,
            times: 1,
            lastAppliedAt: silentSince,
          };
    this.#past = [...this.#past, { id: this.#nextId(), at: silentSince ?? now, what, by: this.#by, outage }];
    if (this.#past.length > 2 * shown) this.#past = this.#past.slice(-shown);
    this.#owed = true;
    this.#options.log.warn(what, { event: 'incident', pipeline: this.#options.pipeline });
    this.#options.tell({ type: 'incident', what });
  }

  /** For a cycle that failed. @param succeededAt when one last succeeded, by performance.now(); 0: never */
  failed(report: ErrorReport, succeededAt: number): void {
    this.#outages.failed(report, succeededAt);
    if (performance.now() - this.#savedAt > againMs && this.#outages.told.length > 0) this.#owed = true;
    this.#away = storeOf(report.code) === this.#options.store.is;
    this.#tend(); // a source may be away while the target is not
  }

  /** For a cycle that succeeded. Costs nothing when everything is in the store. */
  succeeded(): void {
    this.#outages.succeeded();
    this.#away = false;
    // As long as `failingSince` is set, the store may have only just come back. Once that has settled, the outage is written together
    // with its end.
    if (this.#owed && this.failingSince === null) this.#tend();
  }

  /** For when the checkpoint was read. @param at its time, in milliseconds since 1970 */
  found(at: number): void {
    this.#outages.found(at);
  }

  /** Writes what is not in the store yet, if that takes no time. */
  async close(): Promise<void> {
    if (this.#away || !this.#owed || this.#all().length === 0) return;
    const given = new Promise<void>((resolve) => setTimeout(resolve, patienceMs).unref());
    await Promise.race([(this.#saving ?? Promise.resolve()).then(() => this.#save()), given]);
  }

  #nextId(): string {
    return `${this.#prefix}.${++this.#count}`;
  }

  #incidentOf(seen: SeenOutage): Incident {
    return { id: seen.id, at: seen.at, what: whatOf(seen), by: this.#by, outage: outageOf(seen) };
  }

  #all(): readonly Incident[] {
    const outages = this.#outages.told.map((seen) => this.#incidentOf(seen));
    return mergeIncidents([this.#past, outages], Date.now());
  }

  #tend(): void {
    if (!this.#owed || this.#away || this.#saving !== undefined) return;
    if (performance.now() - this.#savedAt < everyMs) return;
    if (this.#read) this.#savedAt = performance.now();
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined;
    });
  }

  /** Writes what is not in the store yet. Never throws: what could not be written is tried again. */
  async #save(): Promise<void> {
    if (!this.#owed) return;
    this.#owed = false;
    try {
      const kept = await this.#options.store.update((stored) =>
        mergeIncidents([stored, this.#all()], Date.now()),
      );
      this.#past = mergeIncidents([kept, this.#past], Date.now());
      this.#read = true;
    } catch (error) {
      this.#owed = true;
      this.#savedAt = performance.now();
      if (this.#complained) return;
      this.#complained = true;
      const { message, code } = describeError(error);
      this.#options.log.debug(`incidents are not kept yet: ${message}`, {
        code,
        pipeline: this.#options.pipeline,
      });
    }
  }
}

function whatOf({ report: { code, message }, outage: { store } }: SeenOutage): string {
  const [first = ''] = message.split('\n');
  const reason = first.length > longest ? `${first.slice(0, longest)}…` : first;
  return `${store === null ? '' : `${store}: `}${reason} (${code})`;
}
