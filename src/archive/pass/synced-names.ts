import type { Log } from '../../log/log';
import { type Catalogue, kindOf } from '../../mapping/kinds';
import type { BatchOutcome } from '../write/attempt';

/** How many names are logged in a second at the most. */
const atOnce = 20;
const secondMs = 1_000;

/** Logs the names of new records of some kinds (models, datasets). */
export class SyncedNames {
  readonly #log: Log;
  readonly #catalogue: Catalogue;
  #since = -Infinity;
  #told = 0;

  constructor(log: Log, catalogue: Catalogue) {
    this.#log = log;
    this.#catalogue = catalogue;
  }

  tell({ synced }: Pick<BatchOutcome, 'synced'>): void {
    for (const { kind, name, id, pgId } of synced) {
      const { told } = kindOf(this.#catalogue, kind);
      if (told === undefined || !this.#mayTell()) continue;
      this.#log.info(`${told} synced: ${name.slice(0, 100)} (Redis ID ${id} → Pg ID ${pgId})`, {
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
