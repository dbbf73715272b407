import type { RedisConnection } from '../../connections/redis';
import type { PassTarget } from './chunked-apply';
import { readValues } from '../sink/read-keys';
import type { AliasCounts, AliasBatch } from '../sink/sink';

/** A key that is not as the table says. null: there is no such key, or it is of another Redis type. */
export interface Difference {
  readonly key: string;
  readonly change: 'add' | 'update' | 'delete';
  readonly redis: string | null;
  readonly table: string | null;
}

/** Takes the sink's place in a pass: compares and reports, and writes nothing, not even a checkpoint. */
export function dryRun(
  connection: RedisConnection,
  onDifference: (difference: Difference) => void,
): PassTarget {
  let last: Promise<unknown> = Promise.resolve();
  const compare = async ({ keyspace: { prefix }, aliases, values }: AliasBatch): Promise<AliasCounts> => {
    const counts = { added: 0, updated: 0, deleted: 0 };
    if (aliases.length === 0) return counts;
    const keys = aliases.map((alias) =>
      typeof alias === 'string' ? prefix + alias : Buffer.concat([Buffer.from(prefix), alias]),
    );
    const found = await readValues(connection, keys);
    keys.forEach((key, position) => {
      const redis = found[position] ?? null;
      const table = values[position] === '' ? null : (values[position] ?? null);
      if (redis === table && table !== null) return;
      const change = table === null ? 'delete' : redis === null ? 'add' : 'update';
      counts[change === 'add' ? 'added' : change === 'update' ? 'updated' : 'deleted']++;
      onDifference({ key: key.toString(), change, redis, table });
    });
    return counts;
  };
  return {
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
