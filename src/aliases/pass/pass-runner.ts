import { FullPass, type PassOptions, type TypeResult } from './full-pass';

/** A complete pass, added up. */
export interface PassReport {
  readonly startedAt: number;
  readonly ms: number;
  readonly total: number;
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: number;
  readonly types: Readonly<Record<string, TypeResult>>;
  /** The types the breaker stopped. */
  readonly blocked: readonly string[];
}

export interface PassRunnerOptions extends Omit<PassOptions, 'chunk'> {
  readonly onStart: (reason: string) => void;
  readonly onDone: (report: PassReport) => void;
}

/** Small enough that a fresh change waits for two of them at the most, large enough for the round trip to weigh little. */
const chunk = 1_000;

/** Runs full passes on request, one at a time, a chunk for each `step`. */
export class PassRunner {
  readonly #options: PassRunnerOptions;
  #waiting: ((report: PassReport) => void)[] = [];
  #wanted: string | undefined;
  #running: { readonly pass: FullPass; readonly startedAt: number; readonly moment: number } | undefined;

  constructor(options: PassRunnerOptions) {
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
  request(reason: string): Promise<PassReport> {
    if (this.#running === undefined) this.#wanted ??= reason;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Asks for a pass that sees everything from now on: one under way starts over. */
  restart(reason: string): void {
    this.#running = undefined;
    this.#wanted = reason;
  }

  /** Does one chunk of the pass under way, or begins the one asked for. @returns whether there was anything to do. */
  async step(): Promise<boolean> {
    if (this.#running === undefined) {
      if (this.#wanted === undefined) return false;
      this.#begin(this.#wanted);
    }
    const running = this.#running;
    if (running === undefined) return false;
    const results = await running.pass.step();
    // A restart during the step makes its outcome void.
    if (results !== 'more' && this.#running === running) this.#finish(running, results);
    return true;
  }

  #begin(reason: string): void {
    this.#wanted = undefined;
    this.#options.unserved?.begin();
    this.#options.onStart(reason);
    this.#running = {
      pass: new FullPass({ ...this.#options, chunk }),
      startedAt: Date.now(),
      moment: performance.now(),
    };
  }

  #finish(
    { startedAt, moment }: { readonly startedAt: number; readonly moment: number },
    results: ReadonlyMap<string, TypeResult>,
  ): void {
    this.#running = undefined;
    const sum = (count: (result: TypeResult) => number) =>
      [...results.values()].reduce((total, result) => total + count(result), 0);
    const report: PassReport = {
      startedAt,
      ms: Math.round(performance.now() - moment),
      total: sum((result) => result.total),
      added: sum((result) => result.added),
      updated: sum((result) => result.updated),
      deleted: sum((result) => result.deleted),
      skipped: sum((result) => result.skipped),
      types: Object.fromEntries(results),
      blocked: [...results].filter(([, result]) => result.blocked !== undefined).map(([type]) => type),
    };
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#options.unserved?.done();
    this.#options.onDone(report);
    for (const resolve of waiting) resolve(report);
  }
}
