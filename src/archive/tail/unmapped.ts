import type { Metrics } from '../../metrics/metrics';
import type { Incidents } from '../../pipeline/incidents/incidents';
import type { KindName } from '../../mapping/kinds';
import { printable } from '../letters/dead-letters';

/** So many beginnings of keys are told, one by one; whoever reads them knows by then. */
const mostBeginnings = 20;
/** The most characters of a key that are shown. */
const shown = 60;

/**
 * Keys that writers tell of, by functions that know no mappings, and that no mapping has. Nothing is lost: they are in Redis, and the full
 * pass of a mapping that comes later finds them. But somebody may wait for rows: it is said, once for keys that begin alike.
 */
export class UnmappedKeys {
  readonly #metrics: Pick<Metrics, 'unmapped'>;
  readonly #incidents: Pick<Incidents, 'add'>;
  readonly #told = new Set<string>();

  constructor(metrics: Pick<Metrics, 'unmapped'>, incidents: Pick<Incidents, 'add'>) {
    this.#metrics = metrics;
    this.#incidents = incidents;
  }

  /** @param takenOut how many changes there were of mappings that were taken out since */
  noteTakenOut(takenOut: ReadonlyMap<KindName, number>): void {
    for (const [kind, count] of takenOut) {
      this.#metrics.unmapped.inc({ pipeline: 'archive' }, count);
      this.#incidents.add(describeTakenOut(kind, count));
    }
  }

  /** @param keys latin1 */
  note(keys: readonly string[]): void {
    if (keys.length === 0) return;
    this.#metrics.unmapped.inc({ pipeline: 'archive' }, keys.length);
    for (const key of keys) {
      const beginning = beginningOf(key);
      if (this.#told.has(beginning) || this.#told.size === mostBeginnings) continue;
      this.#told.add(beginning);
      this.#incidents.add(
        `the key ${quoted(key)} was written by millrace_hset, _set, _write or _del and is of no record: it becomes no row`,
      );
    }
  }
}

/** What is said of changes that waited in the stream when their mapping was taken out: they are nobody's. */
const describeTakenOut = (kind: KindName, count: number): string =>
  `${count} ${count === 1 ? 'change' : 'changes'} of ${kind} that waited in the stream ${count === 1 ? 'was' : 'were'} passed over, for that mapping was taken out of the file`;

/** To its first colon, or another mark; all of a key without one. */
const beginningOf = (key: string): string => /^[\w-]*[^\w-]/.exec(key)?.[0] ?? key;

const quoted = (key: string): string => JSON.stringify(printable(Buffer.from(key.slice(0, shown), 'latin1')));
