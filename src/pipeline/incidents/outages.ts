import type { ErrorReport } from '../../foundation/errors';
import { incidentKey, type Outage, sameMs, storeOf } from './incident';

/** An outage as a daemon sees it. Moments are by performance.now(), times by the clock of people as it was when the outage began. */
export interface SeenOutage {
  readonly id: string;
  readonly report: ErrorReport;
  readonly outage: Pick<Outage, 'store' | 'code'>;
  /** Moment and time of the last success before the outage, for it is noticed late that a store has fallen silent. */
  readonly since: number;
  readonly at: number;
  /** Whether no cycle had succeeded before the outage. */
  readonly blind: boolean;
  /** Moment and time of the first failure, of the latest time that the outage came. */
  failedFrom: number;
  cameAt: number;
  failedAt: number;
  endedAt: number | undefined;
  times: number;
  lastAppliedAt: number | null;
  /** Whether the outage has lasted long enough, or come often enough, to be told. */
  told: boolean;
}

/** How long cycles have to succeed to end a failure, in status, /readyz, log and events alike: between two that fail, one that finds nothing to do may succeed. */
export const settledMs = 1_000;
/** A shorter outage is not told, unless it comes a third time. */
const hiccupMs = 1_000;
const hiccups = 3;
/** A store that has not failed for this long, while another one fails, is back. */
const maskedMs = 10_000;
/** How many outages are remembered: error codes are few, but some come from a server. */
const keptAtMost = 20;

export interface OutagesOptions {
  /** Makes the id of an outage that begins. */
  readonly nextId: () => string;
  /** The time of day, in milliseconds since 1970. */
  readonly time: () => number;
  /** Called when an outage becomes worth telling, and when such a one ends or begins again. */
  readonly onChange: (seen: SeenOutage, change: 'begun' | 'again' | 'ended') => void;
}

/**
 * Makes outages of failing and succeeding cycles. A store that comes and goes each second has one outage that goes on; one that is away
 * again within ten minutes has the same outage again.
 */
export class Outages {
  readonly #options: OutagesOptions;
  readonly #known = new Map<string, SeenOutage>();
  #open = 0;
  #goodSince: number | undefined;

  constructor(options: OutagesOptions) {
    this.#options = options;
  }

  /** The outages of the last ten minutes that are worth telling. */
  get told(): readonly SeenOutage[] {
    return [...this.#known.values()].filter(({ told }) => told);
  }

  /** Since when the pipeline has been failing, in milliseconds since 1970; null: it is not. */
  get failingSince(): number | null {
    const open = [...this.#known.values()].filter(({ endedAt }) => endedAt === undefined);
    return open.length === 0 ? null : Math.min(...open.map(({ cameAt }) => cameAt));
  }

  /** For a cycle that failed. @param succeededAt when one last succeeded, by performance.now(); 0: never */
  failed(report: ErrorReport, succeededAt: number, now = performance.now()): void {
    this.#goodSince = undefined;
    const key = incidentKey({ store: storeOf(report.code), code: report.code });
    this.#endMasked(key, now);
    this.#forgetOld(now);
    const seen = this.#known.get(key) ?? this.#begin(key, report, succeededAt, now);
    if (seen.endedAt !== undefined) {
      seen.endedAt = undefined;
      seen.failedFrom = now;
      seen.cameAt = timeAt(seen, now);
      seen.times++;
      this.#open++;
      if (seen.told) this.#options.onChange(seen, 'again');
    }
    seen.failedAt = now;
    if (seen.told || (now - seen.failedFrom < hiccupMs && seen.times < hiccups)) return;
    seen.told = true;
    this.#options.onChange(seen, 'begun');
  }

  /** For a cycle that succeeded. Costs nothing when the one before succeeded, too. */
  succeeded(now = performance.now()): void {
    if (this.#open === 0) return;
    this.#goodSince ??= now;
    if (now - this.#goodSince < settledMs) return;
    // The outage with the last failure went on until the first cycle that succeeded; the others ended with their own last failure.
    const last = Math.max(...[...this.#known.values()].map(({ failedAt }) => failedAt));
    for (const seen of this.#known.values()) {
      if (seen.endedAt === undefined)
        this.#end(seen, seen.failedAt === last ? this.#goodSince : seen.failedAt);
    }
  }

  /** For when the checkpoint was read at last. @param at its time, in milliseconds since 1970 */
  found(at: number): void {
    for (const seen of this.#known.values()) if (seen.blind) seen.lastAppliedAt ??= at;
  }

  #begin(key: string, report: ErrorReport, succeededAt: number, now: number): SeenOutage {
    const blind = succeededAt === 0;
    const since = blind ? now : succeededAt;
    const at = Math.round(this.#options.time() - (now - since));
    const seen: SeenOutage = {
      ...{ id: this.#options.nextId(), report, outage: { store: storeOf(report.code), code: report.code } },
      ...{ since, at, blind, failedFrom: now, cameAt: at, failedAt: now, endedAt: undefined },
      ...{ times: 1, lastAppliedAt: null, told: false },
    };
    this.#known.set(key, seen);
    this.#open++;
    return seen;
  }

  #end(seen: SeenOutage, at: number): void {
    seen.endedAt = at;
    this.#open--;
    if (seen.told) this.#options.onChange(seen, 'ended');
  }

  #endMasked(key: string, now: number): void {
    for (const [other, seen] of this.#known) {
      if (other === key || seen.endedAt !== undefined || now - seen.failedAt <= maskedMs) continue;
      this.#end(seen, seen.failedAt);
    }
  }

  #forgetOld(now: number): void {
    if (this.#known.size >= keptAtMost) {
      for (const seen of this.#known.values()) if (seen.endedAt === undefined) this.#end(seen, seen.failedAt);
      this.#known.clear();
    }
    for (const [key, { endedAt }] of this.#known) {
      if (endedAt !== undefined && now - endedAt > sameMs) this.#known.delete(key);
    }
  }
}

const timeAt = ({ at, since }: SeenOutage, moment: number): number => Math.round(at + (moment - since));

/** The outage in the form in which it is told and stored. */
export function outageOf(seen: SeenOutage, now = performance.now()): Outage {
  const { outage, endedAt, times, lastAppliedAt } = seen;
  const ended = endedAt === undefined ? null : timeAt(seen, endedAt);
  return { ...outage, endedAt: ended, seenAt: ended ?? timeAt(seen, now), times, lastAppliedAt };
}
