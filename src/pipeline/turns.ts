import { describeError, type ErrorReport, isFatal } from '../foundation/errors';
import type { Incident } from './incidents/incident';
import type { Incidents } from './incidents/incidents';
import type { LastPass, PassRunner, Scope } from './pass-runner';
import type { Pause, PauseState } from './pause';
import type { CycleOutcome } from './pump';

/**
 * A part of a turn. Its outcomes: `again` and `idle` end the turn, and another one follows at once, or when something wakes the lane;
 * `more`: something was done, and there may be more to do; undefined: there was nothing to do.
 */
export type Stage = () => StageOutcome | Promise<StageOutcome>;

type StageOutcome = 'again' | 'idle' | 'more' | undefined;

export interface Stages {
  /** The stages of each turn, one after the other. */
  readonly always: readonly Stage[];
  /** The stages that follow in a turn in which those had nothing to do. */
  readonly atRest: readonly Stage[];
}

/** Does one turn. @throws the error of a stage; the stages after it have to wait */
async function turn({ always, atRest }: Stages): Promise<CycleOutcome> {
  let more = false;
  for (const stage of always) {
    const outcome = await stage();
    if (outcome === 'again') return 'more';
    if (outcome === 'idle') return 'idle';
    more ||= outcome === 'more';
  }
  if (more) return 'more';
  for (const stage of atRest) more = (await stage()) === 'more' || more;
  return more ? 'more' : 'idle';
}

export interface TurnsOptions<Report> {
  readonly stages: Stages;
  readonly passes: PassRunner<Report>;
  readonly incidents: Incidents;
  readonly pause: PauseState;
  /** Records written since the start, by the tail and by full passes. */
  readonly applied: { readonly total: number };
  /**
   * Puts right what a failed turn has left. @param succeededAt when a turn last succeeded, by performance.now(); 0: never
   * @returns the outcome of the turn, if it counts as good all the same. @throws what the pump should retry, or stop for
   */
  readonly recover: (thrown: unknown, succeededAt: number) => CycleOutcome;
}

/** A lane as it is at one moment; moments are by performance.now(). */
export interface LaneState<Report> {
  /** What the pump is retrying, until cycles have succeeded for a while: one that finds nothing to do succeeds, too, before what fails comes again. */
  readonly failure: ErrorReport | undefined;
  /** Since when the lane has been failing, in milliseconds since 1970; null: it is not. */
  readonly failingSince: number | null;
  /** When a cycle last succeeded; 0: never. */
  readonly lastProgressAt: number;
  readonly paused: Pause | undefined;
  readonly passRunning: boolean;
  /** Of which mappings that pass is; undefined: there is none. */
  readonly passScope: Scope | undefined;
  readonly lastPass: LastPass<Report> | undefined;
  readonly applied: number;
  readonly incidents: readonly Incident[];
}

/** Runs the stages of a pipeline, turn after turn, and keeps how that goes. */
export class Turns<Report> {
  readonly #options: TurnsOptions<Report>;
  #retrying: ErrorReport | undefined;
  #lastFailure: ErrorReport | undefined;
  #lastProgressAt = 0;

  constructor(options: TurnsOptions<Report>) {
    this.#options = options;
  }

  /** The failure of the last cycle, if it failed. */
  get retrying(): ErrorReport | undefined {
    return this.#retrying;
  }

  get paused(): Pause | undefined {
    return this.#options.pause.current;
  }

  get state(): LaneState<Report> {
    const { passes, incidents, applied } = this.#options;
    return {
      failure: incidents.failingSince === null ? undefined : this.#lastFailure,
      failingSince: incidents.failingSince,
      lastProgressAt: this.#lastProgressAt,
      paused: this.paused,
      passRunning: passes.active,
      passScope: passes.scope,
      lastPass: passes.last,
      applied: applied.total,
      incidents: incidents.list,
    };
  }

  /** @throws what the pump should retry or stop for */
  async cycle(): Promise<CycleOutcome> {
    const { stages, incidents } = this.#options;
    try {
      const outcome = await turn(stages);
      this.#retrying = undefined;
      this.#lastProgressAt = performance.now();
      incidents.succeeded();
      return outcome;
    } catch (thrown) {
      return this.#recover(thrown);
    }
  }

  #recover(thrown: unknown): CycleOutcome {
    const { recover, incidents } = this.#options;
    try {
      return recover(thrown, this.#lastProgressAt);
    } catch (error) {
      // A fatal error ends the run, and is reported there.
      if (!isFatal(error)) {
        this.#retrying = this.#lastFailure = describeError(error);
        incidents.failed(this.#retrying, this.#lastProgressAt);
      }
      throw error;
    }
  }
}
