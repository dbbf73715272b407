import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Redis } from 'ioredis';
import { checkpointKey, parseCheckpoint } from '../../src/aliases/sink/checkpoint';
import { monotonicMs, timed } from '../clock';
import { count } from '../figure';
import type { Part } from '../suite';
import { verify } from './fingerprint';
import { msetAll, readAll } from './floors';
import { never } from './latency';
import { withScene } from './scene';
import { sizesFor } from './sizes';

/** Many aliases changed in one transaction, brought over by the tail alone. */
export const tail: Part = {
  name: 'tail',
  seconds: [30, 3],
  measure: async ({ quick, rounds, progress }) => {
    const { burst } = sizesFor(quick);
    const rates: number[] = [];
    const floor: number[] = [];
    const commits: number[] = [];
    progress('preparing');
    // Some aliases have two rows: so many rows that the burst changes more aliases than it is called after, not fewer.
    return withScene({ rows: burst * 1.6, interval: never }, async ({ writer, client, dbPath }) => {
      const rows = Math.ceil((burst * 20) / 19);
      for (let round = 1; round <= rounds; round++) {
        progress(`round ${round} of ${rounds}`);
        const [write] = await writer.ask({ do: 'changeAll', count: rows });
        if (write === undefined) throw new Error('no transaction was reported');
        const arrived = await applied(client, newestChange(dbPath));
        await verify(dbPath, client);
        rates.push((burst / (arrived - write.issuedAt)) * 1_000);
        commits.push(write.returnedAt - write.issuedAt);
        const batches = (await readAll(client)).slice(0, burst / 1_000);
        const floorMs = await timed(() => msetAll(client, batches));
        floor.push((burst / floorMs) * 1_000);
      }
      return [
        {
          name: 'tail, aliases applied a second',
          covers:
            `${count(burst)} aliases given a new id by another process in one transaction; from just before its COMMIT is ` +
            `issued (it returns after ${Math.max(...commits).toFixed(0)} ms at the most) until the checkpoint in Redis, which moves in the ` +
            'same atomic steps as the keys, is at the last of them.',
          unit: '/s',
          rounds: rates,
          comparisons: [
            {
              name: 'MSET of 1000 of as many keys',
              kind: 'floor',
              rounds: floor,
              factor: burst === 200_000 ? 3 : undefined,
            },
          ],
        },
      ];
    });
  },
};

function newestChange(path: string): number {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare<[], number>('SELECT max(seq) FROM millrace_changelog').pluck().get() ?? 0;
  } finally {
    db.close();
  }
}

/** @returns when the checkpoint was seen at or after the position, by the monotonic clock. */
async function applied(client: Redis, seq: number): Promise<number> {
  const deadline = monotonicMs() + 120_000;
  while (monotonicMs() < deadline) {
    const checkpoint = parseCheckpoint((await client.get(checkpointKey)) ?? '');
    if ((checkpoint?.position?.seq ?? 0) >= seq) return monotonicMs();
    await delay(2);
  }
  throw new Error('the tail did not arrive within two minutes');
}
