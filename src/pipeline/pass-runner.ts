import { timeOf } from '../foundation/moment';

/** Of which mappings a pass is, by name: of all, or of these, which others have no part in. */
export type Scope = 'all' | ReadonlySet<string>;

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
  readonly begin: (reason: string, scope: Scope) => Pass<Report>;
  /** What is known of all mappings once a pass of some is complete (passes are of all). @param last of all @param report of some */
  readonly join?: (last: Report, report: Report) => Report;
  /** The last pass of a run before this one. */
  readonly last?: LastPass<Report> | undefined;
  readonly onDone: (report: Report) => void;
}

/** The pass of all mappings that was completed last, with what passes of some have found since. */
export interface LastPass<Report> {
  readonly report: Report;
  /** When the pass of all was complete, by performance.now(). */
  readonly doneAt: number;
}

/** The report of the last pass, with the time at which it began as the clock of people has it now. */
export const passAt = <Report extends { readonly startedAt: number; readonly ms: number }>(
  last: LastPass<Report> | undefined,
  now: number,
): Report | null =>
  last === undefined ? null : { ...last.report, startedAt: timeOf(last.doneAt, now) - last.report.ms };

interface Wanted {
  readonly reason: string;
  readonly scope: Scope;
}

interface Running<Report> {
  readonly pass: Pass<Report>;
  readonly scope: Scope;
}

/** Runs full passes on request, one at a time, a chunk for each `step`. */
export class PassRunner<Report> {
  readonly #options: PassRunnerOptions<Report>;
  #waiting: ((report: Report) => void)[] = [];
  #wanted: Wanted | undefined;
  #running: Running<Report> | undefined;
  #last: LastPass<Report> | undefined;

  constructor(options: PassRunnerOptions<Report>) {
    this.#options = options;
    this.#last = options.last;
  }

  /** Whether a pass is under way, or asked for. */
  get active(): boolean {
    return this.#running !== undefined || this.#wanted !== undefined;
  }

  /** Of which mappings the pass is that is under way, or else asked for. */
  get scope(): Scope | undefined {
    return this.#running?.scope ?? this.#wanted?.scope;
  }

  /** How far the pass under way is; undefined between passes. */
  get progress(): string | undefined {
    return this.#running?.pass.progress;
  }

  get last(): LastPass<Report> | undefined {
    return this.#last;
  }

  /** Asks for a pass; if one of all these mappings is under way, that will do. Resolves with its report. */
  request(reason: string, scope: Scope = 'all'): Promise<Report> {
    if (this.#running === undefined) this.#want(this.#wanted?.reason ?? reason, scope);
    else if (!covers(this.#running.scope, scope)) this.restart(reason, scope);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Asks for a pass that sees everything from now on: a pass under way starts over. Of no mapping there is none. */
  restart(reason: string, scope: Scope = 'all'): void {
    if (scope !== 'all' && scope.size === 0) return;
    const all = this.#running === undefined ? scope : union(this.#running.scope, scope);
    this.#running = undefined;
    this.#want(reason, all);
  }

  /** Does one chunk of the pass under way, or begins the one that was asked for. @returns whether there was anything to do */
  async step(): Promise<boolean> {
    const running = this.#running ?? (await this.#begin());
    if (running === undefined) return false;
    const report = await running.pass.step();
    // If the pass was restarted meanwhile, this report is void.
    if (report !== 'more' && this.#running === running) this.#finish(report, running.scope);
    return true;
  }

  #want(reason: string, scope: Scope): void {
    this.#wanted = {
      reason,
      scope: this.#wanted === undefined ? scope : union(this.#wanted.scope, scope),
    };
    this.#options.onWanted?.();
  }

  async #begin(): Promise<Running<Report> | undefined> {
    const { mayBegin, begin } = this.#options;
    if (this.#wanted === undefined || (await mayBegin?.()) === false) return undefined;
    const { reason, scope } = this.#wanted;
    this.#running = { pass: begin(reason, scope), scope }; // if it throws, the pass is still wanted
    this.#wanted = undefined;
    return this.#running;
  }

  #finish(report: Report, scope: Scope): void {
    this.#running = undefined;
    const { join, onDone } = this.#options;
    if (scope === 'all') this.#last = { report, doneAt: performance.now() };
    else if (this.#last !== undefined && join !== undefined)
      this.#last = { ...this.#last, report: join(this.#last.report, report) };
    const waiting = this.#waiting;
    this.#waiting = [];
    onDone(report);
    for (const resolve of waiting) resolve(report);
  }
}

const covers = (scope: Scope, other: Scope): boolean =>
  scope === 'all' || (other !== 'all' && [...other].every((name) => scope.has(name)));

const union = (scope: Scope, other: Scope): Scope =>
  scope === 'all' || other === 'all' ? 'all' : new Set([...scope, ...other]);
