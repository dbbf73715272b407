import type { Observable } from 'rxjs';
import type { PassReport } from '../aliases/pass/report';
import type { DeadLetterStore } from '../archive/letters/letter-store';
import type { ArchivePassReport } from '../archive/pass/report';
import type { DaemonStatus } from './daemon-status';
import type { PipelineEvent } from '../pipeline/event';
import type { PipelineName } from '../config/names';
import type { Mappings } from './mappings';

/** What a running daemon can be asked for: behind the buttons of the dashboard and the methods of the library. */
export interface Control {
  readonly status: () => DaemonStatus;
  /** What the pipelines tell, as it happens. Hot; completes when the daemon stops. */
  readonly events$: Observable<PipelineEvent>;
  /**
   * Applies nothing until `resume`, in any instance, over restarts too; capture goes on. Takes effect within a second.
   * @throws E_NOT_RUN (fatal) when this daemon does not run that pipeline; what the store says
   */
  readonly pause: (pipeline: PipelineName, by: string) => Promise<void>;
  readonly resume: (pipeline: PipelineName) => Promise<void>;
  /** A full pass now. Resolves when it is complete. @throws E_PAUSED, E_NOT_RUN (fatal) */
  readonly reconcile: <P extends PipelineName>(pipeline: P) => Promise<Reports[P]>;
  /** Parked records; undefined: this daemon does not run the archive. */
  readonly deadLetters: DeadLetterStore | undefined;
  readonly mappings: Mappings;
}

export interface Reports {
  readonly aliases: PassReport;
  readonly archive: ArchivePassReport;
}
