import { setTimeout as delay } from 'node:timers/promises';
import { killedInTheMiddle } from '../killed';
import type { Case } from '../program';
import { plainModel, plainPrediction, plainVersion, toldPredictions } from './records';
import type { ArchiveScene } from './scene';

const unlink = ({ client }: ArchiveScene, ids: readonly number[]) =>
  client.unlink(ids.map((id) => `aidb:prediction:${id}`));

async function manyPlain(scene: ArchiveScene, count: number): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let left = count; left > 0; left--) ids.push(await plainPrediction(scene, scene.versionId));
  return ids;
}

/** For a while, fifty at a time. */
async function manyTold(scene: ArchiveScene, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 50) {
    await toldPredictions(scene, scene.versionId, 50);
    await delay(1);
  }
}

/** "plain" is HSET and the like, as applications write that know nothing of any of them; "functions" are Millrace's. */
export const archiveCases: readonly Case<ArchiveScene>[] = [
  {
    name: 'insert',
    what: 'a model and a prediction (plain)',
    run: async (scene) => {
      await plainModel(scene, 'another');
      await plainPrediction(scene, scene.versionId);
    },
  },
  {
    name: 'functions',
    what: '200 predictions (functions)',
    run: (scene) => toldPredictions(scene, scene.versionId, 200),
  },
  {
    name: 'update',
    what: "a model's description changes (plain)",
    run: async ({ client, owed }) => {
      await client.hset('aidb:model:1', 'description', 'as it is');
      owed.models.set('the first', 'as it is');
    },
  },
  {
    name: 'rename',
    what: "a model's name, its key in Postgres, changes (plain)",
    run: async ({ client, owed }) => {
      await client.hset('aidb:model:1', 'name', 'renamed');
      owed.models.delete('the first');
      owed.models.set('renamed', 'as it was');
    },
  },
  {
    name: 'unlinked-functions',
    what: 'written and unlinked at once (functions)',
    run: async (scene) => unlink(scene, await toldPredictions(scene, scene.versionId, 20)),
  },
  {
    name: 'unlinked-plain',
    what: 'written and unlinked in one transaction (plain)',
    run: async ({ client, owed }) => {
      const confidence = 0.123_456_7;
      const fields = { model_version_id: 1, input: '{}', output: '{}', confidence, metadata: '{}' };
      const record = { id: 9_999, ...fields, timestamp: '2026-01-05T14:30:00' };
      await client.multi().hset('aidb:prediction:9999', record).unlink('aidb:prediction:9999').exec();
      owed.predictions.add(confidence);
    },
  },
  {
    name: 'expiry',
    what: 'a prediction that expires after 300 ms (plain)',
    run: async (scene) => {
      const id = await plainPrediction(scene, scene.versionId);
      await scene.client.pexpire(`aidb:prediction:${id}`, 300);
      await delay(400);
    },
  },
  {
    name: 'refused',
    what: 'a record that Postgres refuses, then a good one (plain)',
    run: async (scene) => {
      await plainModel(scene, 'a NUL: \0');
      scene.owed.models.delete('a NUL: \0');
      await plainModel(scene, 'good');
    },
  },
  {
    name: 'away',
    what: 'stopped while 50 are written (plain), and a new start',
    run: (scene) => away(scene, () => manyPlain(scene, 50)),
  },
  {
    name: 'away-expiry',
    what: 'stopped while 50 are written (functions) and unlinked, and a new start',
    run: (scene) => away(scene, async () => unlink(scene, await toldPredictions(scene, scene.versionId, 50))),
  },
  {
    name: 'kill',
    what: 'kill -9 in the middle of 2,000 (functions), and a new start',
    run: (scene) => killedInTheMiddle(scene, () => manyTold(scene, 2_000)),
  },
  {
    name: 'kill-plain',
    what: 'kill -9 in the middle of 500 (plain), and a new start',
    run: (scene) => killedInTheMiddle(scene, () => manyPlain(scene, 500)),
  },
  {
    name: 'cut',
    what: 'Postgres ends its connections in the middle of 2,000 (functions)',
    run: async (scene) => {
      const writing = manyTold(scene, 2_000);
      if (!scene.follows) {
        await writing;
        scene.program.pass?.().catch(() => undefined);
      }
      await delay(60);
      await scene.database.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
      await writing;
    },
  },
  {
    name: 'flush',
    what: 'FLUSHALL; then other records with the same ids (plain)',
    run: async (scene) => {
      await scene.client.flushall();
      await anew(scene);
    },
  },
  {
    name: 'snapshot',
    what: 'Redis starts with an older snapshot; then others with the same ids (plain)',
    run: async (scene) => {
      await scene.client.save();
      await plainModel(scene, 'not in the snapshot');
      await manyPlain(scene, 5);
      await delay(settleMs);
      if (!scene.follows) await scene.program.pass?.();
      await scene.restartRedis();
      await anew(scene);
    },
  },
  {
    name: 'lost-row',
    what: 'somebody deletes a row in Postgres',
    run: ({ database }) => database.query('DELETE FROM predictions'),
  },
];

/** Long enough for whoever follows to have applied what was written. */
const settleMs = 500;

async function away({ program }: ArchiveScene, write: () => Promise<unknown>): Promise<void> {
  await program.stop();
  await write();
  program.start();
}

/** The application goes on; ids are given a second time. */
async function anew(scene: ArchiveScene): Promise<void> {
  const modelId = await plainModel(scene, 'given the id of another');
  const versionId = await plainVersion(scene, modelId);
  for (let left = 3; left > 0; left--) await plainPrediction(scene, versionId);
}
