import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';

const lookEveryMs = 100;

interface Health {
  readonly at: number;
  readonly green: boolean;
  readonly reasons: readonly string[];
}

/** Asks /readyz again and again, as an orchestrator does. Who does not answer is as red as who says so. */
export class HealthWatch {
  readonly #looks: Health[] = [];
  readonly #url: () => string | undefined;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(url: () => string | undefined) {
    this.#url = url;
    this.#done = this.#loop();
  }

  /** Milliseconds from then to the first red; undefined: it has not been red since. */
  redAfter(since: number): number | undefined {
    const found = this.#looks.find(({ at, green }) => at >= since && !green);
    return found && found.at - since;
  }

  /** Milliseconds from then to the time since which it is green; undefined: it is red now. */
  greenAfter(since: number): number | undefined {
    const last = this.#looks.findLastIndex(({ green }) => !green);
    if (last === this.#looks.length - 1) return undefined;
    return Math.max(0, (this.#looks[last + 1]?.at ?? since) - since);
  }

  /** Of the last look. */
  get reasons(): readonly string[] {
    return this.#looks.at(-1)?.reasons ?? [];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      const look = await this.#look();
      const before = this.#looks.at(-1);
      // Of a time without a change the first look and the last are enough.
      if (before !== undefined && before.green === look.green && this.#looks.at(-2)?.green === look.green)
        this.#looks.pop();
      this.#looks.push(look);
      await delay(lookEveryMs);
    }
  }

  async #look(): Promise<Health> {
    try {
      const answer = await fetch(`${this.#url() ?? ''}/readyz`, { signal: AbortSignal.timeout(1_000) });
      const { ready, reasons } = (await answer.json()) as { ready: boolean; reasons: readonly string[] };
      return { at: monotonicMs(), green: ready, reasons };
    } catch {
      return { at: monotonicMs(), green: false, reasons: ['it does not answer'] };
    }
  }
}
