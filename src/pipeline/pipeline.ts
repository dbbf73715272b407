import type { Observable } from 'rxjs';
import type { Config } from '../config';
import type { Log } from '../log';
import type { Metrics } from '../metrics';

export const pipelineNames = ['aliases', 'archive'] as const;
export type PipelineName = (typeof pipelineNames)[number];

/** What a pipeline is made of. */
export interface PipelineOptions {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Aborts for a clean stop, between two cycles. */
  readonly signal: AbortSignal;
}

/** A pipeline as the daemon sees it. `Status` is what people and programs are told. */
export interface Pipeline<Status> {
  /** Everything it does. Completes after the stop; errors with what nobody but a person can mend. */
  readonly running$: Observable<unknown>;
  readonly status: () => Status;
  /** Why it is not in order; empty when it is. */
  readonly troubles: (status: Status) => readonly string[];
  /** Ends what is in flight: the stop has taken too long. Its checkpoint makes that safe. */
  readonly cut: () => void;
  /** After `running$` has ended. */
  readonly close: () => Promise<void>;
}
