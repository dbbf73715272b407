import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { PassReport } from '../../src/aliases/pass/report';
import { loadConfig } from '../../src/config/load';
import { timed } from '../clock';
import type { Figure } from '../figure';
import { withStores } from '../stores';
import type { Context, Part } from '../suite';
import { createDataset } from './dataset';
import { documentPass } from './document-poller';
import { type DriftKind, makeDrift } from './drift';
import { verify } from './fingerprint';
import { millracePass } from './millrace-pass';
import { msetAll, readAll, scanAndMget } from './floors';
import { passFigures, type PassTimes, type Scenario, type Times } from './pass-figures';
import { sizesFor } from './sizes';

const noTimes = (): Times => ({ first: [], nothing: [], drift: [] });

/** Full passes over a few rows, beside the documents' own algorithm. */
export const passes: Part = {
  name: 'passes',
  seconds: [30, 9],
  measure: async (context) => {
    const { few } = sizesFor(context.quick);
    return passFigures(few, await measure(few, true, context));
  },
};

/** The same over many rows. The documents' algorithm would take minutes there. */
export const largePasses: Part = {
  name: 'large-passes',
  seconds: [140, 7],
  measure: async (context) => {
    const figures: Figure[] = [];
    for (const rows of sizesFor(context.quick).many)
      figures.push(...passFigures(rows, await measure(rows, false, context)));
    return figures;
  },
};

const measure = (
  rows: number,
  withDocument: boolean,
  { quick, rounds, progress }: Context,
): Promise<PassTimes> =>
  withStores(async ({ folder, redisUrl, client }) => {
    const dbPath = join(folder, 'sports_data.db');
    progress('preparing');
    const times = {
      millrace: noTimes(),
      floor: noTimes(),
      document: noTimes(),
      install: createDataset(dbPath, rows),
    };
    const config = loadConfig({ REDIS_URL: redisUrl, DB_PATH: dbPath });
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}`);
      await scene({ dbPath, client, times: times.millrace, pass: () => millracePass(config) });
      await measureFloors(client, times.floor);
      if (!withDocument || (quick && round > 1)) continue;
      progress(`round ${round} of ${rounds}, the documents' algorithm`);
      const pass = async () => {
        await documentPass(dbPath, client);
        return undefined; // it reports nothing
      };
      await scene({ dbPath, client, times: times.document, pass });
    }
    return times;
  });

interface Measured {
  readonly dbPath: string;
  readonly client: Redis;
  readonly times: Times;
  readonly pass: () => Promise<PassReport | undefined>;
}

/** The three scenarios one after the other, each checked. */
async function scene({ dbPath, client, times, pass }: Measured): Promise<void> {
  await client.flushall();
  const run = async (scenario: Scenario, wanted?: Readonly<Record<DriftKind, number>>) => {
    let report: PassReport | undefined;
    times[scenario].push(await timed(async () => (report = await pass())));
    await verify(dbPath, client);
    if (report === undefined || wanted === undefined) return;
    for (const kind of ['added', 'updated', 'deleted'] as const) {
      if (report[kind] !== wanted[kind])
        throw new Error(`the pass reports ${report[kind]} ${kind}, ${wanted[kind]} were made`);
    }
  };
  await run('first');
  await run('nothing', { added: 0, updated: 0, deleted: 0 });
  await run('drift', await makeDrift(client, 100));
}

async function measureFloors(client: Redis, floor: Times): Promise<void> {
  const look = await timed(() => scanAndMget(client));
  floor.nothing.push(look);
  floor.drift.push(look);
  const batches = await readAll(client);
  await client.flushall();
  floor.first.push(await timed(() => msetAll(client, batches)));
}
