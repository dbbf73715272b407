import type { Observable } from 'rxjs';
import type { Config } from '../config/load';
import type { Log } from '../log/log';
import type { Metrics } from '../metrics/metrics';
import type { PipelineEvent } from './event';
import type { Health } from './health';

/** What every pipeline is given. */
export interface PipelineOptions {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly onEvent: (event: PipelineEvent) => void;
  /** Aborts for a clean stop, between two cycles. */
  readonly signal: AbortSignal;
}

/** A pipeline as the daemon sees it. `Status` is what people and programs are told, `Report` what a full pass comes to. */
export interface Pipeline<Status, Report> {
  /** Runs the pipeline. Completes after the stop; errors with what only a person can mend. */
  readonly running$: Observable<unknown>;
  readonly status: () => Status;
  /** Why the pipeline is not in order; empty when it is. */
  readonly troubles: (status: Status) => readonly string[];
  readonly health: (status: Status, troubles: readonly string[]) => Health;
  /** Applies nothing until `resume`, in any instance. Takes effect within a second; a batch in hand is finished. */
  readonly pause: (by: string) => Promise<void>;
  readonly resume: () => Promise<void>;
  /** A full pass that sees everything from now on. @throws E_PAUSED */
  readonly reconcile: () => Promise<Report>;
  /** Cuts what is in flight, when a stop takes too long. The checkpoint makes that safe. */
  readonly cut: () => void;
  /** To be called after `running$` has ended. */
  readonly close: () => Promise<void>;
}
