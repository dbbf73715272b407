import { setTimeout as delay } from 'node:timers/promises';
import type Redis from 'ioredis';
import { ModelStore } from '../../../src/writer/model-store';
import {
  plainDataset,
  plainHyperparams,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../../support/plain-writer';
import type { TestRedis } from '../../support/stores';

export interface BusyWriter {
  /** Predictions that were written through a function, and so with an entry in the stream, and acknowledged. */
  readonly acknowledged: readonly number[];
  /** How many rounds both writers have done. */
  readonly rounds: () => number;
  readonly stop: () => Promise<void>;
}

/** Not for any result, but for the load: some hundreds of records a second. */
const paceMs = 4;
/** Rounds after which a writer turns to a new model, version and run. */
const turnRounds = 25;

const writers: BusyWriter[] = [];
afterEach(async () => {
  for (const writer of writers.splice(0)) await writer.stop();
});

/** Two writers at once: one with the function library, one with plain commands. A write that fails is not written again. */
export function busyWriter(redis: TestRedis): BusyWriter {
  const client = redis.client.duplicate({ retryStrategy: () => 20, disconnectTimeout: 100 });
  client.on('error', () => undefined); // tests stop the server on purpose
  const store = new ModelStore(redis.url);
  const acknowledged: number[] = [];
  const stopped = new AbortController();
  let rounds = 0;
  const loop = async (turn: (round: number) => Promise<void>) => {
    for (let round = 0; !stopped.signal.aborted; round++) {
      await turn(round).catch(() => undefined);
      rounds++;
      await delay(paceMs);
    }
  };
  const done = Promise.all([loop(functionTurns(store, acknowledged)), loop(plainTurns(client))]);
  const writer: BusyWriter = {
    acknowledged,
    rounds: () => rounds,
    stop: async () => {
      stopped.abort();
      await done;
      store.close();
      client.disconnect();
    },
  };
  writers.push(writer);
  return writer;
}

let names = 0;

function functionTurns(store: ModelStore, acknowledged: number[]) {
  let versionId: number | undefined;
  let runId = 0;
  return async (round: number): Promise<void> => {
    if (versionId === undefined || round % turnRounds === 0) {
      const name = String(++names);
      const modelId = await store.createModel({ name: `function model ${name}` });
      versionId = await store.createModelVersion({ modelId, version: `f${name}` });
      runId = await store.createTrainingRun({ modelVersionId: versionId, runName: `function run ${name}` });
      await store.logHyperparameters(runId, { lr: 1e-5, round });
    }
    const modelVersionId = versionId;
    const inputs = [1, 2, 3].map((n) => ({ modelVersionId, input: { round, n }, output: {} }));
    acknowledged.push(...(await store.logPredictions(inputs)));
    if (round % 5 === 0) {
      const points = [1, 2].map((epoch) => ({ metricName: `loss ${round}`, metricValue: round, epoch }));
      await store.logMetrics(runId, points);
    }
    if (round % 10 === 0) await store.updateTrainingRun(runId, { status: `round ${round}` });
  };
}

function plainTurns(client: Redis) {
  let versionId: number | undefined;
  let runId = 0;
  return async (round: number): Promise<void> => {
    if (versionId === undefined || round % turnRounds === 0) {
      const name = String(++names);
      const modelId = await plainModel(client, { name: `plain model ${name}` });
      const datasetId = await plainDataset(client, { name: `dataset ${name}` });
      versionId = await plainVersion(client, modelId, { version: `p${name}` });
      const dataset_id = String(datasetId);
      runId = await plainRun(client, versionId, { run_name: `plain run ${name}`, dataset_id });
      await plainHyperparams(client, runId, { lr: '1e-05', amp: 'True' });
    }
    await plainPrediction(client, versionId, { input: `{"round": ${round}}` });
    if (round % 5 === 0) await plainMetric(client, runId, { value: String(round), epoch: round });
    if (round % 10 === 0) await client.hset(`aidb:run:${runId}`, 'status', `round ${round}`);
  };
}
