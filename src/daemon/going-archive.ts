import { setMaxListeners } from 'node:events';
import { ignoreElements, lastValueFrom, type Observable, Subject } from 'rxjs';
import { type ArchivePipeline, archivePipeline, type ArchivePipelineOptions } from '../archive/pipeline';
import type { PostgresTarget } from '../connections/postgres/postgres-url';
import type { PipelineEvent } from '../pipeline/event';
import { stopDeadlineMs } from '../pipeline/one-pass';

/**
 * The archive at work. It may outlive the daemon that began it: where other mappings leave its own as they are, it goes on under the daemon
 * that follows in this process, with its subscription and its ownership, and so without a pass.
 */
export interface GoingArchive {
  readonly pipeline: ArchivePipeline;
  readonly events$: Observable<PipelineEvent>;
  /** Begins, at the first call. Settles when it has ended; rejects with what only a person can mend. */
  readonly run: () => Promise<void>;
  readonly stopping: boolean;
  /** Asks it to end, between two turns. */
  readonly stop: () => void;
  /** Stops it, if nobody has, with whatever is in hand, and closes everything. */
  readonly close: () => Promise<void>;
}

export function beginArchive(
  options: Omit<ArchivePipelineOptions, 'signal' | 'onEvent'>,
  postgres: PostgresTarget,
): GoingArchive {
  const over = new AbortController();
  setMaxListeners(0, over.signal); // each timer and pump of the pipeline listens to it
  const events$ = new Subject<PipelineEvent>();
  const pipeline = archivePipeline(
    {
      ...options,
      signal: over.signal,
      onEvent: (event) => {
        events$.next(event);
      },
    },
    postgres,
  );
  let running: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    over.abort();
    const cut = setTimeout(() => {
      pipeline.cut();
    }, stopDeadlineMs).unref();
    await running?.catch(() => undefined); // whoever runs it has heard of it
    clearTimeout(cut);
  };
  return {
    ...{ pipeline, events$ },
    run: () => {
      running ??= lastValueFrom(pipeline.running$.pipe(ignoreElements()), { defaultValue: undefined });
      running.catch(() => undefined); // between two daemons nobody listens
      return running;
    },
    get stopping() {
      return over.signal.aborted;
    },
    stop: () => {
      over.abort();
    },
    close: async () => {
      await end();
      await pipeline.close();
      events$.complete();
    },
  };
}
