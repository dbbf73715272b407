import { timed } from '../clock';
import { type Comparison, count, type Figure } from '../figure';
import type { Part } from '../suite';
import { withPostgres } from './database';
import { type Scene, withScene } from './scene';
import { sizesFor } from './sizes';
import { inBulk, manyCalls, newPrediction, plainMany, plainOne } from './writes';

/** How an application can write so many predictions. */
const ways = {
  single: async ({ store, versionId }: Scene, n: number) => {
    for (let written = 0; written < n; written++) await store.logPrediction(newPrediction(versionId));
  },
  many: ({ store, versionId }: Scene, n: number) => manyCalls(store, versionId, n),
  bulk: ({ store, versionId }: Scene, n: number) => inBulk(store, versionId, n),
  plainSingle: async ({ client, versionId }: Scene, n: number) => {
    for (let written = 0; written < n; written++) await plainOne(client, versionId);
  },
  plainMany: ({ client, versionId }: Scene, n: number) => plainMany(client, versionId, n),
};
type Way = keyof typeof ways;
const names = Object.keys(ways) as Way[];

/** What writing costs the application, and Redis' memory; no daemon runs. */
export const writers: Part = {
  name: 'writers',
  seconds: [55, 11],
  measure: ({ quick, rounds, progress }) =>
    withPostgres((server) =>
      withScene(server, async (scene) => {
        const { writtenOne, writtenMany } = sizesFor(quick);
        const sizeOf = (way: Way) => (way.endsWith('ingle') ? writtenOne : writtenMany);
        const rates = new Map<Way, number[]>(names.map((name) => [name, []]));
        const bytes = { plain: [] as number[], stream: [] as number[], trimmed: [] as number[] };
        for (let round = 0; round <= rounds; round++) {
          for (const name of names) {
            progress(`round ${round} of ${rounds}, ${name}`);
            const n = sizeOf(name);
            const before = await emptied(scene);
            const ms = await timed(() => ways[name](scene, n));
            await requireRecords(scene, n);
            if (round === 0) continue; // warms up
            rates.get(name)?.push((n / ms) * 1_000);
            const each = async () => ((await usedBytes(scene)) - before) / n;
            if (name === 'plainMany') bytes.plain.push(await each());
            if (name !== 'bulk') continue;
            bytes.stream.push(await each());
            await scene.client.del('millrace:changes'); // UNLINK frees it some time later
            bytes.trimmed.push(await each());
          }
        }
        const sizes = { one: writtenOne, many: writtenMany };
        return [...rateFigures((way) => rates.get(way) ?? [], sizes), ...memoryFigures(bytes)];
      }),
    ),
};

/** Without predictions; the version that they are of stays. @returns bytes in use */
async function emptied(scene: Scene): Promise<number> {
  const { client, versionId } = scene;
  const version = await client.dumpBuffer(`aidb:version:${versionId}`);
  await client.flushall();
  await client.restore(`aidb:version:${versionId}`, 0, version);
  return usedBytes(scene);
}

async function usedBytes({ client }: Scene): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
}

async function requireRecords({ client, versionId }: Scene, n: number): Promise<void> {
  const indexed = await client.zcard(`aidb:idx:predictions:${versionId}`);
  const counted = Number(await client.get('aidb:counter:prediction'));
  const last = await client.exists(`aidb:prediction:${n}`);
  if (indexed !== n || counted !== n || last !== 1)
    throw new Error(`Redis holds ${indexed} of ${n} predictions`);
}

function rateFigures(
  rates: (way: Way) => readonly number[],
  { one, many }: { readonly one: number; readonly many: number },
): readonly Figure[] {
  const figure = (way: Way, name: string, covers: string, comparison: Comparison): Figure => ({
    name: `ModelStore, ${name}`,
    covers: `predictions a second, one connection, no daemon. ${covers}`,
    unit: '/s',
    rounds: rates(way),
    comparisons: [comparison],
  });
  const plain = (name: string, way: Way): Comparison => ({ name, kind: 'floor', rounds: rates(way) });
  return [
    figure(
      'single',
      'one by one',
      `${count(one)} logPrediction, each awaited; beside it INCR, HSET, ZADD, each awaited.`,
      plain('plain, one by one', 'plainSingle'),
    ),
    figure(
      'many',
      'many calls at once',
      `${count(many)} logPrediction, a thousand before the first reply; beside it the plain commands, a thousand records in a pipeline.`,
      plain('plain, pipelined', 'plainMany'),
    ),
    figure(
      'bulk',
      'bulk',
      `${count(many)} in logPredictions of 5,000; beside it the plain commands, a thousand records in a pipeline.`,
      plain('plain, pipelined', 'plainMany'),
    ),
  ];
}

function memoryFigures(bytes: {
  readonly plain: readonly number[];
  readonly stream: readonly number[];
  readonly trimmed: readonly number[];
}): readonly Figure[] {
  const comparisons: readonly Comparison[] = [{ name: 'plain', kind: 'floor', rounds: bytes.plain }];
  const covers = 'used_memory of Redis for each: key, hash and index entry';
  return [
    {
      name: 'memory of a prediction, not yet archived',
      covers: `${covers}, and the entry in the stream, which goes when it is archived.`,
      unit: 'B',
      rounds: bytes.stream,
      comparisons,
    },
    { name: 'memory of a prediction', covers: `${covers}.`, unit: 'B', rounds: bytes.trimmed, comparisons },
  ];
}
