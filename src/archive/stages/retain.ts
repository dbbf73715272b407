import type { Log } from '../../log/log';
import type { Metrics } from '../../metrics/metrics';
import type { Stage } from '../../pipeline/turns';
import { timestamp } from '../../foundation/timestamp';
import { Retention, type RetentionOptions } from '../retention/retention';
import { retentionCounts, retentionSummary } from '../retention/retention-report';

export interface RetainOptions extends Pick<
  RetentionOptions,
  'redis' | 'postgres' | 'targets' | 'catalogue' | 'policy'
> {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Whether a full pass is under way, or asked for: it comes first. */
  readonly passing: () => boolean;
}

/** After passes of the interval retention runs only this often: its limits are in days. */
const everyMs = 3_600_000;

/** Retention in the daemon: it does a step in a turn that has nothing else to do. A failure of it never stops the lane. */
export class Retain {
  readonly #options: RetainOptions;
  #run: Retention | undefined;
  #due = false;
  #startedAt = -Infinity;

  constructor(options: RetainOptions) {
    this.#options = options;
  }

  /** For when a full pass is complete. @param reason of the pass: after anything but an interval old records may be back in Redis */
  passed(reason: string, now = performance.now()): void {
    this.#due ||= reason !== 'interval' || now - this.#startedAt >= everyMs;
  }

  /** Does one step of a run, if one is due or under way. */
  readonly run: Stage = async () => {
    const { log, metrics, passing, ...options } = this.#options;
    if (passing() || (this.#run === undefined && !this.#due)) return undefined;
    if (this.#run === undefined) {
      this.#due = false;
      this.#startedAt = performance.now();
      this.#run = new Retention({
        ...options,
        dryRun: false,
        onRemoved: (kind, count) => {
          metrics.retained.inc({ kind }, count);
        },
      });
    }
    const { report } = this.#run;
    try {
      if (await this.#run.step()) return 'more';
      const fields = { event: 'retention.done', pipeline: 'archive', ...retentionCounts(report) };
      log.info('retention complete', { ...fields, text: `[${timestamp()}] ${retentionSummary(report)}` });
      for (const warning of report.warnings) log.warn(warning, { event: 'retention.warning' });
    } catch (error) {
      log.failure('warn', error, { event: 'retention.failed', pipeline: 'archive' });
      this.#startedAt = -Infinity; // try again after the next full pass
    }
    this.#run = undefined;
    return undefined;
  };
}
