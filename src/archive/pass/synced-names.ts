import type { Log } from '../../log/log';
import type { BatchOutcome } from '../write/attempt';

/** At most so many a second. */
const atOnce = 20;
const secondMs = 1_000;

/** Tells new models and datasets by name, as the documents do. */
export class SyncedNames {
  readonly #log: Log;
  #since = -Infinity;
  #told = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  tell({ synced }: Pick<BatchOutcome, 'synced'>): void {
    for (const { kind, name, id, pgId } of synced) {
      if ((kind !== 'model' && kind !== 'dataset') || !this.#mayTell()) continue;
      const what = kind === 'model' ? 'Model' : 'Dataset';
      this.#log.info(`${what} synced: ${name.slice(0, 100)} (Redis ID ${id} → Pg ID ${pgId})`, {
        event: 'synced',
        kind,
      });
    }
  }

  #mayTell(): boolean {
    const now = performance.now();
    if (now - this.#since >= secondMs) {
      this.#since = now;
      this.#told = 0;
    }
    return this.#told++ < atOnce;
  }
}
