import { join } from 'node:path';
import Database from 'better-sqlite3';
import { installCapture } from '../../src/aliases/source/install-capture';
import { sourceOptions } from '../../src/aliases/source/source-options';
import { type Config, loadConfig } from '../../src/config/load';
import { timed } from '../clock';
import { count, type Figure } from '../figure';
import { type Stores, withStores } from '../stores';
import type { Context, Part } from '../suite';
import { createTables, type mappings, writeMapping } from './document-tables';
import { readAll } from './floors';
import { millracePass } from './millrace-pass';

const bars = { 'a table': 150_000, 'a join with eight children': 40_000 } as const;

/** First passes over documents, into an empty Redis. */
export const documents: Part = {
  name: 'documents',
  seconds: [20, 2],
  measure: (context) =>
    withStores(async (stores) => {
      const figures: Figure[] = [];
      for (const of of ['a table', 'a join with eight children'] as const)
        figures.push(await firstPass(of, stores, context));
      return figures;
    }),
};

async function firstPass(
  of: keyof typeof mappings,
  { folder, redisUrl, client }: Stores,
  { quick, rounds, progress }: Context,
): Promise<Figure> {
  const rows = quick ? 20_000 : 200_000;
  const dbPath = join(folder, `${of.replaceAll(' ', '-')}.db`);
  createTables(dbPath, rows);
  const file = writeMapping(of, dbPath);
  const config = loadConfig({
    REDIS_URL: redisUrl,
    DB_PATH: dbPath,
    MILLRACE_CONFIG: file,
    MILLRACE_ONLY: 'aliases',
  });
  install(config);
  const rates: number[] = [];
  const floor: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    progress(`${of}, round ${round} of ${rounds}`);
    await client.flushall();
    rates.push(rows / ((await timed(() => millracePass(config))) / 1_000));
    await verify(client, dbPath, rows);
    const batches = await readAll(client, 'card:*');
    await client.flushall();
    const writing = async () => {
      for (const batch of batches) await client.mset([...batch]);
    };
    floor.push(rows / ((await timed(writing)) / 1_000));
  }
  return {
    name: `documents of ${of}, first pass, ${count(rows)} keys`,
    covers: `JSON into an empty Redis; opening both stores included, the capture was installed before. In the benchmark's process.`,
    unit: '/s',
    rounds: rates,
    atLeast: bars[of],
    comparisons: [{ name: 'MSET of 1000', kind: 'floor', rounds: floor }],
  };
}

function install(config: Config): void {
  const { path, mappings: tables, aliasCase } = sourceOptions(config);
  installCapture(path, tables, aliasCase, { documents: config.documents, tidy: false });
}

/** As many keys as rows; and of a few, what SQLite itself makes of them. */
async function verify(client: Stores['client'], dbPath: string, rows: number): Promise<void> {
  const found = (await client.dbsize()) - 1; // the checkpoint
  if (found !== rows) throw new Error(`${found} keys were made of ${rows} rows`);
  const db = new Database(dbPath, { readonly: true });
  const name = db.prepare<[number], string>('SELECT name FROM teams WHERE id = ?').pluck();
  for (const id of [1, rows >> 1, rows]) {
    const { name: held } = JSON.parse((await client.get(`card:${id}`)) ?? '{}') as { name?: string };
    if (held !== name.get(id)) throw new Error(`card:${id} holds ${held ?? 'nothing'}`);
  }
  db.close();
}
