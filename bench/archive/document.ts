import { monotonicMs, timed } from '../clock';
import type { DaemonProcess } from '../daemon-process';
import { count, type Figure } from '../figure';
import type { Part } from '../suite';
import { applied, arrived, lastEntry } from './arrival';
import { type Database, withPostgres, withSchema } from './database';
import { syncModels, syncPredictions } from './document-sync';
import { documentFigures, type Times } from './document-figures';
import { passes } from './document-passes';
import { counted, verify } from './fingerprint';
import { measureLimits } from './limit';
import { type Scene, settled, whilePaused, withScene } from './scene';
import { sizesFor } from './sizes';
import { inBulk, plainMany } from './writes';

/** The document's table, row for row, and its algorithm. */
export const document: Part = {
  name: 'document',
  seconds: [60, 26],
  measure: ({ quick, rounds, progress }) =>
    withPostgres(async (server): Promise<readonly Figure[]> => {
      const { models, predictions } = sizesFor(quick);
      const times: Times = { functions: [], mirror: [], pass: [], document: [], copy: [], models: new Map() };
      await withSchema(server, async (rival) => {
        await rival.query('INSERT INTO model_versions DEFAULT VALUES');
        await withScene(server, async (scene) => {
          const daemon = await scene.start();
          await settled(daemon);
          const bench = { scene, daemon, rival, times };
          await warmUp(bench, predictions);
          for (let round = 1; round <= rounds; round++) {
            for (const size of models) {
              progress(`round ${round} of ${rounds}, ${count(size)} models`);
              await measureModels(bench, size, round);
            }
            progress(`round ${round} of ${rounds}, ${count(predictions)} predictions`);
            await measurePredictions(bench, predictions);
            if (!quick || round === 1) await measureDocument(bench, predictions);
          }
          progress('COPY');
          for (let round = 1; round <= rounds; round++) {
            const { rates } = await withSchema(server, (limit) =>
              measureLimits(scene.database, limit, ['whole']),
            );
            times.copy.push((predictions / rates.whole) * 1_000);
          }
        });
      });
      times.pass.push(...(await passes(server, predictions, rounds, progress)));
      return documentFigures(times, models, predictions);
    }),
};

interface Bench {
  readonly scene: Scene;
  readonly daemon: DaemonProcess;
  readonly rival: Database;
  readonly times: Times;
}

/** A daemon that has been running for a while has its code compiled. */
async function warmUp({ scene }: Bench, predictions: number): Promise<void> {
  await inBulk(scene.store, scene.versionId, predictions);
  await plainMany(scene.client, scene.versionId, predictions);
  await arrived(scene.database, 1, 2 * predictions);
}

/** @returns milliseconds from when the daemon goes on until another connection sees everything */
async function afterPause(
  { scene, daemon }: Bench,
  write: () => Promise<unknown>,
  seen: () => Promise<number>,
): Promise<number> {
  await applied(scene.database, await lastEntry(scene.client));
  await whilePaused(daemon, write);
  const start = monotonicMs();
  return (await seen()) - start;
}

async function measureModels(bench: Bench, size: number, round: number): Promise<void> {
  const { scene, rival, times } = bench;
  const before = await counted(scene.client, 'model');
  let ids: readonly number[] = [];
  const write = async () => {
    const name = (n: number) => `ResNet50 ${size}-${round}-${n}`;
    const texts = { architecture: 'resnet', framework: 'pytorch', taskType: 'classification' };
    const models = Array.from({ length: size }, (_, n) => ({
      ...texts,
      name: name(n),
      inputShape: [224, 224],
    }));
    ids = await Promise.all(models.map((model) => scene.store.createModel(model)));
  };
  const ms = await afterPause(bench, write, async () =>
    applied(scene.database, await lastEntry(scene.client)),
  );
  await verify(scene, 'model', before + size);
  const document = await timed(() => syncModels(scene.client, rival.client, ids));
  await requireRows(rival, 'models', before + size - 1); // that of the predictions is not among them
  const found = times.models.get(size) ?? { millrace: [], document: [] };
  times.models.set(size, found);
  found.millrace.push(ms);
  found.document.push(document);
}

async function measurePredictions(bench: Bench, size: number): Promise<void> {
  const { scene, times } = bench;
  const { store, client, versionId, database } = scene;
  const before = await counted(scene.client, 'prediction');
  const functions = await afterPause(
    bench,
    () => inBulk(store, versionId, size),
    async () => applied(database, await lastEntry(client)),
  );
  const mirror = await afterPause(
    bench,
    () => plainMany(client, versionId, size),
    () => arrived(database, before + size + 1, size),
  );
  await verify(scene, 'prediction', before + 2 * size);
  times.functions.push(functions);
  times.mirror.push(mirror);
}

/** With as many predictions, the latest. */
async function measureDocument({ scene, rival, times }: Bench, size: number): Promise<void> {
  const { client } = scene;
  const last = await counted(client, 'prediction');
  await rival.query('TRUNCATE predictions');
  const records = { first: last - size + 1, count: size, versionId: 1 };
  times.document.push(await timed(() => syncPredictions(client, rival.client, records)));
  await requireRows(rival, 'predictions', size);
}

async function requireRows(
  database: Database,
  table: 'models' | 'predictions',
  wanted: number,
): Promise<void> {
  const [row] = await database.query(`SELECT count(*) AS count FROM ${table}`);
  if (row?.['count'] !== String(wanted)) {
    throw new Error(`the document's algorithm left ${row?.['count'] ?? '?'} of ${wanted} ${table}`);
  }
}
