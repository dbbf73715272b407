import type { Log } from '../../log/log';
import type { Metrics } from '../../metrics/metrics';
import type { Catalogue } from '../../mapping/kinds';
import type { Tell } from '../../pipeline/event';
import { type LastPass, type Pass, PassRunner, type Scope } from '../../pipeline/pass-runner';
import { passTeller } from '../../pipeline/pass-teller';
import type { Parked } from '../letters/parked';
import type { Checkpoint } from '../position/checkpoint';
import type { Nominated } from '../record/nominated';
import type { BatchOutcome } from '../write/attempt';
import { ArchiveFullPass, type FullPassOptions } from './full-pass';
import { PassGate } from './pass-gate';
import { type ArchivePassReport, archivePassWords, joined, reportWithin } from './report';
import { StatisticsTally } from './statistics';

export interface ArchivePassesOptions extends FullPassOptions {
  readonly checkpoint: Checkpoint;
  readonly parked: Parked;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
  /** The last entry applied. */
  readonly entryId: () => string;
  readonly apply: (nominated: Nominated) => Promise<void>;
  /** About how many entries wait in streams that are not read to their end. */
  readonly entriesLeft: () => number;
  /** The last pass of a lane before this one. */
  readonly last?: LastPass<ArchivePassReport> | undefined;
  readonly onDone: (report: ArchivePassReport) => void;
}

const tallyFromNow = (catalogue: Catalogue) => ({
  since: Date.now(),
  moment: performance.now(),
  counts: new StatisticsTally(catalogue),
});

/** The full passes of a lane, with log lines, events and metrics; each is reported to whoever asked for it. */
export class ArchivePasses {
  readonly runner: PassRunner<ArchivePassReport>;
  readonly #options: ArchivePassesOptions;
  readonly #gate: PassGate;
  readonly #teller: ReturnType<typeof passTeller<ArchivePassReport>>;
  /** What was written since the pass was asked for; a pass that is restarted goes on counting. */
  #tally: ReturnType<typeof tallyFromNow> | undefined;
  /** The request that the pass under way answers. */
  #answers: string | null = null;

  constructor(options: ArchivePassesOptions) {
    this.#options = options;
    this.#gate = new PassGate(options.redis);
    const words = archivePassWords(options.truth.catalogue);
    this.#teller = passTeller({ ...options, pipeline: 'archive', words });
    const { last } = options;
    this.runner = new PassRunner({
      last: last && { ...last, report: reportWithin(last.report, options.truth.catalogue) },
      join: joined,
      onWanted: () => {
        this.#tally ??= tallyFromNow(options.truth.catalogue);
      },
      mayBegin: () => this.#mayBegin(),
      begin: (reason, scope) => this.#begin(reason, scope),
      onDone: (report) => {
        this.#done(report);
      },
    });
  }

  /** Counts what was applied: whatever is applied while a pass runs is in its statistics. */
  applied(applied: BatchOutcome): void {
    this.#tally?.counts.add(applied);
  }

  /** A pass may begin when the tail has caught up with the stream; it makes all parked records due. */
  async #mayBegin(): Promise<boolean> {
    const { entryId, parked } = this.#options;
    if (!(await this.#gate.isOpen(entryId()))) return false;
    await parked.callAll();
    return true;
  }

  #begin(reason: string, scope: Scope): Pass<ArchivePassReport> {
    const pass = new ArchiveFullPass({ ...this.#options, scope, life: () => this.#options.checkpoint.life });
    this.#answers = this.#options.checkpoint.passRequestedAt;
    this.#teller.begun(reason, scope);
    return {
      get progress() {
        return pass.progress;
      },
      step: () => this.#step(pass, reason),
    };
  }

  async #step(pass: ArchiveFullPass, reason: string): Promise<ArchivePassReport | 'more'> {
    const { apply, parked } = this.#options;
    try {
      const nominated = await pass.step();
      if (nominated !== undefined) {
        await apply(nominated);
        return 'more';
      }
    } catch (error) {
      pass.repeat(); // what was nominated may not have been applied
      throw error;
    }
    if (parked.due || this.#options.entriesLeft() > 0) return 'more'; // entries of streams are read to the end, and due records are tried first: those that stay parked are the errors of the report
    await parked.look();
    return this.#reportOf(pass, reason, parked.count);
  }

  #reportOf(pass: ArchiveFullPass, reason: string, errors: number): ArchivePassReport {
    const { since: startedAt, moment, counts } = this.#tally ?? tallyFromNow(this.#options.truth.catalogue);
    return {
      startedAt,
      ms: Math.round(performance.now() - moment),
      reason,
      statistics: counts.statistics(errors),
      deleted: counts.deleted,
      keys: pass.keys,
      differences: Object.fromEntries(pass.differences),
      ...(pass.skipped.size === 0 ? {} : { skipped: Object.fromEntries(pass.skipped) }),
      ...(pass.unmatched.length === 0 ? {} : { unmatched: pass.unmatched }),
      ...(pass.scope === 'all' ? {} : { of: [...pass.scope] }),
    };
  }

  #done(report: ArchivePassReport): void {
    const { checkpoint, onDone } = this.#options;
    this.#tally = undefined;
    this.#teller.done(report);
    if (report.of === undefined)
      void checkpoint.report({ ...report, requestedAt: this.#answers }).catch(() => undefined); // if it is lost, whoever waits asks again
    onDone(report);
  }
}
