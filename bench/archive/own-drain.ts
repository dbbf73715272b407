import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { monotonicMs } from '../clock';
import { count } from '../figure';
import type { Part } from '../suite';
import { type Database, withPostgres } from './database';
import { settled, withScene } from './scene';
import { sizesFor } from './sizes';

/** A round takes a minute or more. */
const mostRounds = 3;

/** As wide as a prediction. */
const mappings = `version: 1
include: [ai-registry]
records:
  visit:
    key: 'visit:{id:int}'
    table: visits
    hash: { page: text, input: json, output: json, score: float, ms: float, at: time! }
`;

/** Hashes of a user's own keys, written by a plain writer as fast as it can, and followed by the mirror into a table of theirs. */
export const ownDrain: Part = {
  name: 'own-drain',
  seconds: [30, 8],
  measure: ({ quick, rounds, progress }) =>
    withPostgres(async (server) => {
      const { mirrored } = sizesFor(quick);
      const rates: number[] = [];
      const writing: number[] = [];
      for (let round = 1; round <= Math.min(rounds, mostRounds); round++) {
        progress(`round ${round}`);
        await withScene(server, async ({ folder, client, database, start }) => {
          const file = join(folder, 'millrace.yaml');
          writeFileSync(file, mappings);
          const daemon = await start({ MILLRACE_CONFIG: file });
          await settled(daemon);
          const startedAt = monotonicMs();
          const [writtenAt, seenAt] = await Promise.all([
            write(client, mirrored),
            arrived(database, mirrored),
          ]);
          rates.push((mirrored / (seenAt - startedAt)) * 1_000);
          writing.push((mirrored / (writtenAt - startedAt)) * 1_000);
        });
      }
      return [
        {
          name: `${count(mirrored)} hashes of the user’s own through the mirror`,
          covers:
            'HSET of six fields, pipelined, as fast as one connection takes it, while the daemon follows: from the first write until another ' +
            `connection sees all of them as rows. At most ${mostRounds} rounds.`,
          unit: '/s',
          rounds: rates,
          atLeast: 20_000,
          comparisons: [{ name: 'written', kind: 'floor', rounds: writing }],
        },
      ];
    }),
};

const batch = 500;

async function write(client: Redis, wanted: number): Promise<number> {
  for (let id = 0; id < wanted;) {
    const pipeline = client.pipeline();
    for (const end = Math.min(id + batch, wanted); id < end; id++)
      pipeline.hset(`visit:${id}`, {
        ...{ page: `/page/${id}`, input: '{"a": [1, 2, 3]}', output: '{"class": 7}' },
        ...{ score: '0.75', ms: '12.5', at: '2026-01-05T14:30:00.000001' },
      });
    await pipeline.exec();
  }
  return monotonicMs();
}

/** Counting is dear: not before the last one is there. */
async function arrived(database: Database, wanted: number): Promise<number> {
  for (;;) {
    const [last] = await database.query('SELECT FROM visits WHERE id = $1', [wanted - 1]);
    if (last !== undefined) {
      const at = monotonicMs();
      const [row] = await database.query('SELECT count(*) AS count FROM visits');
      if (Number(row?.['count']) === wanted) return at;
    }
    await delay(20);
  }
}
