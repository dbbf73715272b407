/** How often a fault that lasts is logged. */
const againMs = 60_000;
/** How many faults are remembered: error codes are few, but some come from a server. */
const kept = 100;

/** Tells which failures to log: a fault when it begins, and once a minute while it lasts, however often it comes and goes. */
export class FaultLog {
  readonly #told = new Map<string, number>();
  #silent = 0;

  /** @param code tells one fault from another. @returns how many failures were not logged since the last line; undefined: do not log this one */
  tell(code: string, now = performance.now()): number | undefined {
    const before = this.#told.get(code);
    if (before !== undefined && now - before < againMs) {
      this.#silent++;
      return undefined;
    }
    if (this.#told.size >= kept) this.#told.clear();
    this.#told.set(code, now);
    const silent = this.#silent;
    this.#silent = 0;
    return silent;
  }
}
