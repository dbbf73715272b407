import { timeOf } from '../foundation/moment';

/** A full pass under way. */
export interface Pass<Report> {
  /** How far the pass is, for people. */
  readonly progress: string;
  /** Does one chunk. May throw; called again, it takes up what was not finished. @returns the report when the pass is complete */
  readonly step: () => Promise<Report | 'more'>;
}

export interface PassRunnerOptions<Report> {
  /** Called when a pass is asked for that has not begun. */
  readonly onWanted?: () => void;
  /** Whether the pass that was asked for may begin now (yes). */
  readonly mayBegin?: () => Promise<boolean>;
  readonly begin: (reason: string) => Pass<Report>;
  readonly onDone: (report: Report) => void;
}

/** The pass that was completed last. */
export interface LastPass<Report> {
  readonly report: Report;
  /** When the pass was complete, by performance.now(). */
  readonly doneAt: number;
}

/** The report of the last pass, with the time at which it began as the clock of people has it now. */
export const passAt = <Report extends { readonly startedAt: number; readonly ms: number }>(
  last: LastPass<Report> | undefined,
  now: number,
): Report | null =>
  last === undefined ? null : { ...last.report, startedAt: timeOf(last.doneAt, now) - last.report.ms };

/** Runs full passes on request, one at a time, a chunk for each `step`. */
export class PassRunner<Report> {
  readonly #options: PassRunnerOptions<Report>;
  #waiting: ((report: Report) => void)[] = [];
  #wanted: string | undefined;
  #running: Pass<Report> | undefined;
  #last: LastPass<Report> | undefined;

  constructor(options: PassRunnerOptions<Report>) {
    this.#options = options;
  }

  /** Whether a pass is under way, or asked for. */
  get active(): boolean {
    return this.#running !== undefined || this.#wanted !== undefined;
  }

  /** How far the pass under way is; undefined between passes. */
  get progress(): string | undefined {
    return this.#running?.progress;
  }

  get last(): LastPass<Report> | undefined {
    return this.#last;
  }

  /** Asks for a pass; if one is under way, that will do. Resolves with its report. */
  request(reason: string): Promise<Report> {
    if (this.#running === undefined) this.#want(this.#wanted ?? reason);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Asks for a pass that sees everything from now on: a pass under way starts over. */
  restart(reason: string): void {
    this.#running = undefined;
    this.#want(reason);
  }

  /** Does one chunk of the pass under way, or begins the one that was asked for. @returns whether there was anything to do */
  async step(): Promise<boolean> {
    const running = this.#running ?? (await this.#begin());
    if (running === undefined) return false;
    const report = await running.step();
    // If the pass was restarted meanwhile, this report is void.
    if (report !== 'more' && this.#running === running) this.#finish(report);
    return true;
  }

  #want(reason: string): void {
    this.#wanted = reason;
    this.#options.onWanted?.();
  }

  async #begin(): Promise<Pass<Report> | undefined> {
    const { mayBegin, begin } = this.#options;
    if (this.#wanted === undefined || (await mayBegin?.()) === false) return undefined;
    this.#running = begin(this.#wanted); // if it throws, the pass is still wanted
    this.#wanted = undefined;
    return this.#running;
  }

  #finish(report: Report): void {
    this.#running = undefined;
    this.#last = { report, doneAt: performance.now() };
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#options.onDone(report);
    for (const resolve of waiting) resolve(report);
  }
}
