import type { PipelineName } from '../config/names';
import type { Log } from '../log/log';
import type { Metrics } from '../metrics/metrics';
import type { Tell } from './event';

/** Records written, by operation. */
export interface Counts {
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
}

export type KindCounts<Kind extends string> = Iterable<readonly [Kind, Counts]>;

/** What came of one atomic step of the tail or of a pass. */
export interface AppliedStep<Kind extends string> {
  readonly counts: KindCounts<Kind>;
  readonly parked: number;
  /** How long the step took. */
  readonly tookMs: number;
  /** When the oldest of the changes was made, in milliseconds since 1970; undefined: a full pass has found them, so it is not known. */
  readonly since: number | undefined;
}

/** What was applied since the last line. */
export interface AppliedSum<Kind extends string> extends Counts {
  readonly kinds: ReadonlyMap<Kind, Counts>;
  readonly parked: number;
  /** How long the oldest of the changes took to reach the target. */
  readonly ms: number | undefined;
}

export interface AppliedReportOptions<Kind extends string> {
  readonly pipeline: PipelineName;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
  /** How the log tells a sum. */
  readonly describe: (sum: AppliedSum<Kind>) => { readonly fields: object; readonly text: string };
}

/** The shortest time between two lines: a busy tail must not fill the log. */
const everyMs = 1_000;
const none: Counts = { added: 0, updated: 0, deleted: 0 };

const plus = (a: Counts, b: Counts): Counts => ({
  added: a.added + b.added,
  updated: a.updated + b.updated,
  deleted: a.deleted + b.deleted,
});

/** Adds up what is applied and tells it, in one line, about once a second. */
export class AppliedReport<Kind extends string> {
  readonly #options: AppliedReportOptions<Kind>;
  #total = 0;
  #kinds = new Map<Kind, Counts>();
  #parked = 0;
  #slowestMs: number | undefined;
  #toldAt = -Infinity;

  constructor(options: AppliedReportOptions<Kind>) {
    this.#options = options;
  }

  /** Records written since the start, by the tail and by full passes. */
  get total(): number {
    return this.#total;
  }

  add({ counts, parked, tookMs, since }: AppliedStep<Kind>): void {
    const { metrics, pipeline } = this.#options;
    metrics.applySeconds.observe({ pipeline }, tookMs / 1_000);
    if (since !== undefined) {
      const ms = Math.max(0, Date.now() - since);
      metrics.latencySeconds.observe({ pipeline }, ms / 1_000);
      this.#slowestMs = Math.max(this.#slowestMs ?? 0, ms);
    }
    for (const [kind, more] of counts) {
      this.count(kind, more);
      this.#kinds.set(kind, plus(this.#kinds.get(kind) ?? none, more));
    }
    this.#parked += parked;
    this.flush();
  }

  /** Counts records that somebody else logs. */
  count(kind: Kind, { added, updated, deleted }: Counts): void {
    const { metrics, pipeline } = this.#options;
    metrics.applied.inc({ pipeline, kind, op: 'add' }, added);
    metrics.applied.inc({ pipeline, kind, op: 'update' }, updated);
    metrics.applied.inc({ pipeline, kind, op: 'delete' }, deleted);
    this.#total += added + updated + deleted;
  }

  flush(): void {
    const { pipeline, log, tell, describe } = this.#options;
    const now = performance.now();
    if (now - this.#toldAt < everyMs) return;
    const counts = [...this.#kinds.values()].reduce(plus, none);
    const parked = this.#parked;
    if (counts.added + counts.updated + counts.deleted + parked === 0) return;
    const ms = this.#slowestMs;
    const { fields, text } = describe({ ...counts, kinds: this.#kinds, parked, ms });
    const age = ms === undefined ? {} : { ms };
    log.info('changes applied', { event: 'tail.applied', pipeline, ...fields, ...age, text });
    tell({ type: 'applied', ...counts, parked, ms: ms ?? null });
    this.#kinds = new Map();
    this.#parked = 0;
    this.#slowestMs = undefined;
    this.#toldAt = now;
  }
}
