import type { Log } from '../log';

export interface Incident {
  readonly at: number;
  readonly what: string;
}

/** Kept for status. */
const kept = 50;

/** What happened that should not: into the log, and remembered. */
export class Incidents {
  readonly #log: Log;
  readonly list: Incident[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  add(what: string): void {
    this.list.push({ at: Date.now(), what });
    if (this.list.length > kept) this.list.shift();
    this.#log.warn(what, { event: 'incident', pipeline: 'archive' });
  }
}
