import type { PostgresConnection } from '../../connections/postgres';
import { FullPass, type FullPassOptions } from './full-pass';
import type { Nominated } from '../record/nominated';
import type { Catalogue, KindName } from '../../mapping/kinds';
import type { Applied } from '../write/attempt';
import { type Statistics, Tally } from './statistics';

/** A complete pass. */
export interface ArchivePassReport {
  readonly startedAt: number;
  readonly ms: number;
  readonly reason: string;
  /** Records written while it ran, by the tail as well, and those parked at its end. */
  readonly statistics: Statistics;
  readonly deleted: number;
  /** Keys compared. */
  readonly keys: number;
  /** Records the pass itself found different, by kind. */
  readonly differences: Readonly<Record<KindName, number>>;
}

export interface ArchivePassOptions extends FullPassOptions {
  readonly onStart: (reason: string) => void;
  readonly onDone: (report: ArchivePassReport) => void;
}

const tallyFromNow = (catalogue: Catalogue) => ({
  since: Date.now(),
  moment: performance.now(),
  counts: new Tally(catalogue),
});

/** Runs full passes on request, one at a time, a chunk for each `step`. */
export class ArchivePassRunner {
  readonly #options: ArchivePassOptions;
  #waiting: ((report: ArchivePassReport) => void)[] = [];
  #wanted: string | undefined;
  #running: { readonly pass: FullPass; readonly reason: string } | undefined;
  /** Since the pass was asked for: one that is restarted goes on counting. */
  #tally: ReturnType<typeof tallyFromNow> | undefined;

  constructor(options: ArchivePassOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#running !== undefined || this.#wanted !== undefined;
  }

  /** What the pass under way has done so far; undefined between passes. */
  get progress(): string | undefined {
    return this.#running?.pass.progress;
  }

  /** Asks for a pass; one under way will do. Resolves with its report. */
  request(reason: string): Promise<ArchivePassReport> {
    if (this.#running === undefined) this.#want(this.#wanted ?? reason);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Asks for a pass that sees everything from now on: one under way starts over. */
  restart(reason: string): void {
    this.#running = undefined;
    this.#want(reason);
  }

  #want(reason: string): void {
    this.#wanted = reason;
    this.#tally ??= this.#tallyFromNow();
  }

  /** What the last step nominated may not have been applied: it is looked at again. */
  repeat(): void {
    this.#running?.pass.repeat();
  }

  /** Whatever is applied while a pass runs is in its statistics. */
  applied(applied: Applied): void {
    this.#tally?.counts.add(applied);
  }

  /** Whether a pass is about to begin: the moment to have parked records tried again. */
  get beginning(): boolean {
    return this.#running === undefined && this.#wanted !== undefined;
  }

  /** Begins the pass asked for, or does its next chunk. @returns what that nominates; undefined when there is nothing to do */
  async step(): Promise<Nominated | 'complete' | undefined> {
    if (this.#running === undefined) {
      if (this.#wanted === undefined) return undefined;
      this.#begin(this.#wanted);
    }
    const running = this.#running;
    if (running === undefined) return undefined;
    const nominated = await running.pass.step();
    if (nominated !== undefined) return nominated;
    return 'complete';
  }

  /** Everything the pass nominated has been applied. @param errors records parked now */
  finish(errors: number): void {
    const running = this.#running;
    // A restart meanwhile makes its outcome void.
    if (running === undefined) return;
    this.#running = undefined;
    const { pass, reason } = running;
    const { since: startedAt, moment, counts } = this.#tally ?? this.#tallyFromNow();
    this.#tally = undefined;
    const report: ArchivePassReport = {
      startedAt,
      ms: Math.round(performance.now() - moment),
      reason,
      statistics: counts.statistics(errors),
      deleted: counts.deleted,
      keys: pass.keys,
      differences: Object.fromEntries(pass.differences),
    };
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#options.onDone(report);
    for (const resolve of waiting) resolve(report);
  }

  #tallyFromNow() {
    return tallyFromNow(this.#options.truth.catalogue);
  }

  #begin(reason: string): void {
    this.#wanted = undefined;
    this.#options.onStart(reason);
    this.#running = { pass: new FullPass(this.#options), reason };
  }
}

/** How many records are parked. */
export async function countLetters(postgres: PostgresConnection): Promise<number> {
  const [row] = await postgres.query('SELECT count(*) AS count FROM millrace.dead_letters');
  return Number(row?.['count'] ?? 0);
}
