import type { RedisConnection } from '../../connections/redis';
import type { PassTarget } from './chunked-apply';
import { compareKeys } from '../sink/compare-keys';
import { cutValue, showKeys } from '../sink/show-keys';
import { type AliasBatch, type AliasCounts, keyOf } from '../sink/sink';

/** A key that is not as its table says, both sides as text, cut where they are long. null: there is no such key. A key of another Redis type is added. */
export interface Difference {
  readonly key: string;
  readonly change: 'add' | 'update' | 'delete';
  readonly redis: string | null;
  readonly table: string | null;
}

/** Whose key it is, and whether something that is there now would go: a value of any Redis type. */
export interface DifferenceOf {
  readonly mapping: string;
  readonly takes: boolean;
}

export type OnDifference = (difference: Difference, of: DifferenceOf) => void;

/** Takes the sink's place in a pass: compares and reports, and writes nothing, not even a checkpoint. */
export function dryRun(connection: RedisConnection, onDifference: OnDifference): PassTarget {
  let last: Promise<unknown> = Promise.resolve();
  const compare = async ({ type, keyspace, aliases, values, exact }: AliasBatch): Promise<AliasCounts> => {
    const counts = { added: 0, updated: 0, deleted: 0 };
    if (aliases.length === 0) return counts;
    const keys = aliases.map((alias) => keyOf(keyspace, alias));
    const states = await compareKeys(connection, { keyspace, keys, values, exact });
    const differing = keys.flatMap((key, at) => {
      const [state, value] = [states[at], values[at] ?? ''];
      return state === 'same' || (state === 'absent' && value === '') ? [] : [{ key, state, value }];
    });
    const shown = await showKeys(connection, keyspace, differing);
    differing.forEach(({ key, state, value }, at) => {
      const change = value === '' ? 'delete' : state === 'different' ? 'update' : 'add';
      counts[change === 'add' ? 'added' : change === 'update' ? 'updated' : 'deleted']++;
      const table = value === '' ? null : cutValue(value);
      const difference: Difference = { key: key.toString(), change, redis: shown[at] ?? null, table };
      onDifference(difference, { mapping: type, takes: state !== 'absent' });
    });
    return counts;
  };
  return {
    dry: true,
    async send(batches) {
      const counts = { added: 0, updated: 0, deleted: 0 };
      const work = (async () => {
        for (const batch of batches) {
          const more = await compare(batch);
          counts.added += more.added;
          counts.updated += more.updated;
          counts.deleted += more.deleted;
        }
        return counts;
      })();
      last = work;
      return work;
    },
    async room() {
      await last;
    },
    async drain() {
      await last;
    },
  };
}
