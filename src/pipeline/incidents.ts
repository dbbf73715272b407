import type { Log } from '../log';
import type { Tell } from './event';
import type { PipelineName } from './pipeline';

export interface Incident {
  readonly at: number;
  readonly what: string;
}

/** Kept for status. */
const kept = 50;

/** What happened that should not: into the log, told, and remembered. */
export class Incidents {
  readonly #pipeline: PipelineName;
  readonly #log: Log;
  readonly #tell: Tell;
  readonly list: Incident[] = [];

  constructor(pipeline: PipelineName, log: Log, tell: Tell) {
    this.#pipeline = pipeline;
    this.#log = log;
    this.#tell = tell;
  }

  add(what: string): void {
    this.list.push({ at: Date.now(), what });
    if (this.list.length > kept) this.list.shift();
    this.#log.warn(what, { event: 'incident', pipeline: this.#pipeline });
    this.#tell({ type: 'incident', what });
  }
}
