import type { Log } from '../log/log';
import type { Metrics } from '../metrics/metrics';
import type { Applier } from './apply/applier';
import type { Checkpoint } from './position/checkpoint';
import type { Tell } from '../pipeline/event';
import { PassGate } from './pass/pass-gate';
import { type ArchivePassOptions, type ArchivePassReport, ArchivePassRunner } from './pass/pass-runner';
import { passStarted, passSummary, recordPass } from './pass/report';

export interface LanePassesOptions extends Omit<ArchivePassOptions, 'onStart' | 'onDone'> {
  readonly checkpoint: Checkpoint;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
}

/** The full passes of a lane, in turns with its tail. */
export class LanePasses {
  readonly runner: ArchivePassRunner;
  last: ArchivePassReport | undefined;
  /** When that one was complete, by performance.now(). */
  doneAt = 0;
  readonly #options: LanePassesOptions;
  readonly #gate: PassGate;
  /** The request that the pass under way answers. */
  #answers: string | null = null;

  constructor(options: LanePassesOptions) {
    this.#options = options;
    this.#gate = new PassGate(options.redis);
    this.runner = new ArchivePassRunner({
      ...options,
      onStart: (reason) => {
        this.#answers = options.checkpoint.passRequestedAt;
        options.log.info('pass started', {
          event: 'pass.start',
          pipeline: 'archive',
          reason,
          text: passStarted(),
        });
        options.tell({ type: 'pass-started', reason });
      },
      onDone: (report) => {
        this.#done(report);
      },
    });
  }

  /** Whether the pass that is wanted may begin: then all parked records are due. @param entryId the last entry applied */
  async mayBegin(applier: Applier, entryId: string): Promise<boolean> {
    if (!(await this.#gate.isOpen(entryId))) return false;
    await applier.retryAll();
    return true;
  }

  #done(report: ArchivePassReport): void {
    const { log, metrics, checkpoint, tell } = this.#options;
    this.last = report;
    this.doneAt = performance.now();
    recordPass(metrics, this.#options.truth.catalogue, report);
    const text = passSummary(report);
    log.info('pass complete', { event: 'pass.done', pipeline: 'archive', ...report, text });
    const differences = Object.values(report.differences).reduce((sum, count) => sum + count, 0);
    tell({ type: 'pass-done', ms: report.ms, differences });
    void checkpoint.report({ ...report, requestedAt: this.#answers }).catch(() => undefined); // asked for again by whoever waits
  }
}
