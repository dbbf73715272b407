import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { migrate } from '../../../src/archive/schema/migrate';
import { startRedis } from '../../../src/embedded/redis/redis';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { ModelStore } from '../../../src/writer/model-store';
import type { Database, Server } from '../../archive/database';
import type { Program } from '../program';
import { plainModel, plainPrediction, plainVersion, type Writers } from './records';

export interface ArchiveStores {
  readonly folder: string;
  readonly redisUrl: string;
  readonly postgresUrl: string;
}

export interface ArchiveScene extends ArchiveStores, Writers {
  readonly database: Database;
  /** What predictions are of. */
  readonly versionId: number;
  readonly program: Program;
  readonly follows: boolean;
  /** kill -9 for Redis, which then starts with what it saved last. */
  readonly restartRedis: () => Promise<void>;
}

interface Options {
  readonly server: Server;
  readonly program: (stores: ArchiveStores) => Program;
  readonly follows: boolean;
}

/** A Redis with a model, its version and a prediction; a database with the tables, empty but for a version that the rivals give their predictions. */
export const withArchiveScene = <T>(
  { server, program, follows }: Options,
  work: (scene: ArchiveScene) => Promise<T>,
): Promise<T> =>
  server.withDatabase(async (database) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-compare-'));
    const launch = () => startRedis({ dataDir: join(folder, 'redis'), persist: false });
    let redis = await launch();
    const client = new Redis(redis.url);
    client.on('error', () => undefined); // told by the command it interrupts
    const store = new ModelStore(redis.url);
    const writers: Writers = { client, store, owed: { models: new Map(), predictions: new Set() } };
    const stores = { folder, redisUrl: redis.url, postgresUrl: database.url };
    const one = program(stores);
    try {
      await migrate(database.client, { catalogue: aiRegistry });
      const modelId = await plainModel(writers, 'the first');
      const versionId = await plainVersion(writers, modelId);
      await plainPrediction(writers, versionId);
      return await work({
        ...{ ...stores, ...writers, database, versionId, program: one, follows },
        restartRedis: async () => {
          redis.kill('SIGKILL');
          await redis.exited;
          redis = await launch();
        },
      });
    } finally {
      await one.stop();
      store.close();
      client.disconnect();
      await redis.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
