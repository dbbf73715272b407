import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type ChildProcess, startChild } from '../child-process';
import { startDaemon } from '../daemon-process';
import { count, type Figure } from '../figure';
import { percentile } from '../median';
import { type Stores, withStores } from '../stores';
import type { Part } from '../suite';
import type { ChildRequest } from './child-writer';
import { createTables, writeMapping } from './document-tables';
import { never } from './latency';
import { withObserver } from './observer';
import { sizesFor } from './sizes';
import type { Write } from './spaced';

/** 200 changes a second. */
const spacingMs = 5;

/** From the commit of a child's row to the document that it is part of. */
export const joinLatency: Part = {
  name: 'join-latency',
  seconds: [60, 7],
  measure: async ({ quick, rounds, progress }) => {
    const { usual, mutations } = sizesFor(quick);
    const changes: (readonly number[])[] = [];
    const floor: (readonly number[])[] = [];
    progress('preparing');
    return withJoin(usual, ({ client, redisUrl }, dbPath, writer) =>
      withObserver(
        redisUrl,
        async ({ delays }) => {
          for (let round = 1; round <= rounds; round++) {
            progress(`round ${round} of ${rounds}`);
            const writes = await writer.ask({ do: 'rename', count: mutations, spacingMs });
            changes.push(await delays(writes));
            await verify(client, dbPath, writes);
            const sets = await writer.ask({ do: 'set', count: mutations, spacingMs });
            floor.push(await delays(sets));
            await client.unlink(sets.map(({ key }) => key));
          }
          const figure = (share: number, atMost: number): Figure => ({
            name: `commit to visible of a join, p${share * 100}`,
            covers:
              `${count(mutations)} aliases renamed a round, 2.5 to 7.5 ms apart, by another process, each a transaction, and of another team: ` +
              'the JSON of a team with its eight aliases is to be read and written; from just before COMMIT is issued to the arrival of the ' +
              'keyspace notification at a third process; beside it a SET by the same process seen the same way. ' +
              `${count(usual)} teams, no pass in between.`,
            unit: 'ms',
            rounds: changes.map((delays) => percentile(delays, share)),
            atMost,
            comparisons: [
              {
                name: 'SET by the writer',
                kind: 'floor',
                rounds: floor.map((delays) => percentile(delays, share)),
              },
            ],
          });
          return [figure(0.5, 2), figure(0.99, 10)];
        },
        ['card:*', 'floor:*'],
      ),
    );
  },
};

/** The daemon and the application, each a process of its own; the first full pass is complete. */
const withJoin = <T>(
  teams: number,
  work: (stores: Stores, dbPath: string, writer: ChildProcess<ChildRequest, readonly Write[]>) => Promise<T>,
): Promise<T> =>
  withStores(async (stores) => {
    const { folder, redisUrl } = stores;
    const dbPath = join(folder, 'teams.db');
    createTables(dbPath, teams);
    const settings = {
      REDIS_URL: redisUrl,
      DB_PATH: dbPath,
      MILLRACE_ONLY: 'cache',
      MILLRACE_CONFIG: writeMapping('a join with eight children', dbPath),
      SYNC_INTERVAL: String(never),
    };
    const daemon = await startDaemon(settings, folder);
    const writer = startChild<ChildRequest, readonly Write[]>(join(__dirname, 'child-writer.js'), [
      dbPath,
      redisUrl,
    ]);
    try {
      await daemon.nth('pass.done', 1);
      return await work(stores, dbPath, writer);
    } finally {
      await writer.stop();
      await daemon.stop();
    }
  });

/** Whether the documents that changed hold what SQLite holds. @throws if not */
async function verify(client: Stores['client'], dbPath: string, writes: readonly Write[]): Promise<void> {
  const db = new Database(dbPath, { readonly: true });
  try {
    const aliases = db
      .prepare<[string], string>('SELECT json_group_array(alias) FROM team_aliases WHERE team_id = ?')
      .pluck();
    for (const { key } of writes) {
      const held = JSON.parse((await client.get(key)) ?? '{}') as { readonly aliases?: string };
      const wanted = JSON.parse(aliases.get(key.slice('card:'.length)) ?? '[]') as readonly string[];
      const found = JSON.parse(held.aliases ?? '[]') as readonly string[];
      if (JSON.stringify([...found].sort()) !== JSON.stringify([...wanted].sort()))
        throw new Error(`${key} holds ${held.aliases ?? 'nothing'}`);
    }
  } finally {
    db.close();
  }
}
