/** A fault that lasts is told so often. */
const againMs = 60_000;
/** Faults remembered: the codes of errors are few, but they may come from a server. */
const kept = 100;

/** Which failures are worth a line: a fault is told when it begins, and once a minute while it lasts, however often it comes and goes. */
export class FaultLog {
  readonly #told = new Map<string, number>();
  #silent = 0;

  /** @param code what tells one fault from another. @returns how many failures were not told since the last line; undefined: nor is this */
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
