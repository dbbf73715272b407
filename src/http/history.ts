import type { Observable, Subscription } from 'rxjs';
import type { DaemonStatus } from '../control/daemon-status';
import type { PipelineEvent } from '../pipeline/event';
import { type PipelineName, pipelineNames } from '../config/names';

/** One pipeline at one moment; null: not known, or not run here. */
export interface PipelineSample {
  /** The longest a change had to wait since the sample before, in seconds. */
  readonly lag: number | null;
  /** Records written per second since the sample before. */
  readonly rate: number | null;
}

export interface Sample extends Readonly<Record<PipelineName, PipelineSample>> {
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface HistoryOptions {
  readonly status: () => DaemonStatus;
  readonly events$: Observable<PipelineEvent>;
  readonly now?: () => number;
}

export const stepMs = 5_000;
const kept = 3_600_000 / stepMs;

/** The samples of the last hour, in memory: 720 of them, whether or not somebody looks. */
export class History {
  readonly #options: Required<HistoryOptions>;
  readonly #subscription: Subscription;
  readonly samples: Sample[] = [];
  readonly #slowestMs = new Map<PipelineName, number>();
  #before:
    { readonly at: number; readonly applied: Readonly<Record<PipelineName, number | null>> } | undefined;

  constructor(options: HistoryOptions) {
    this.#options = { now: Date.now, ...options };
    // Delays are taken from the events: a change that comes and is applied between two samples would not show in either.
    this.#subscription = options.events$.subscribe((event) => {
      if (event.type !== 'applied') return;
      this.#slowestMs.set(event.pipeline, Math.max(this.#slowestMs.get(event.pipeline) ?? 0, event.ms ?? 0));
    });
  }

  /** Takes a sample. */
  take(): Sample {
    const at = this.#options.now();
    const status = this.#options.status();
    const applied = { aliases: status.aliases?.applied ?? null, archive: status.archive?.applied ?? null };
    const sample = Object.fromEntries(
      pipelineNames.map((name) => [
        name,
        { lag: this.#lag(name, status[name]?.lagSeconds ?? null), rate: this.#rate(name, at, applied[name]) },
      ]),
    ) as Record<PipelineName, PipelineSample>;
    this.#before = { at, applied };
    this.#slowestMs.clear();
    const taken = { at, ...sample };
    this.samples.push(taken);
    if (this.samples.length > kept) this.samples.shift();
    return taken;
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  #lag(name: PipelineName, waiting: number | null): number | null {
    const slowest = this.#slowestMs.get(name);
    if (slowest === undefined) return waiting;
    return Math.max(waiting ?? 0, slowest / 1_000);
  }

  #rate(name: PipelineName, at: number, applied: number | null): number | null {
    const before = this.#before?.applied[name] ?? null;
    const ms = at - (this.#before?.at ?? at);
    // After the machine has slept, the rate would be an average over hours, drawn at one point of the chart.
    if (applied === null || before === null || ms <= 0 || ms > 4 * stepMs) return null;
    return ((applied - before) * 1_000) / ms;
  }
}
