import * as datasets from './datasets';
import * as experimentRuns from './experiment-runs';
import * as experiments from './experiments';
import { FunctionClient, type RedisSource } from './function-client';
import type { Slice } from './hashes';
import * as hyperparameters from './hyperparameters';
import * as metrics from './metrics';
import * as models from './models';
import * as predictions from './predictions';
import * as runs from './runs';
import { readStatistics } from './statistics';
import * as versions from './versions';

/**
 * The model database in Redis: models, versions, datasets, training runs with hyperparameters and metrics, experiments and
 * predictions. Every write is one atomic call that tells the archive, too. Reads return what is in Redis, whoever wrote it.
 *
 * `create…` and `log…Prediction` return ids; `update…`, `complete…` and `delete…` say whether there was such a record; `get…` is
 * undefined if there is none. Lists come by id, predictions newest first.
 *
 * An argument that cannot be written is refused with E_WRITE_REFUSED, and nothing is written. A call whose reply was lost (Redis
 * went away) fails and may have been executed: nothing is ever sent twice.
 */
export class ModelStore {
  readonly #redis: FunctionClient;

  /**
   * Connects by itself if it is given a URL or options. If it is given an ioredis client that sends commands again after a reconnect (which
   * is ioredis' default), it uses a copy that does not.
   */
  constructor(redis: RedisSource) {
    this.#redis = new FunctionClient(redis);
  }

  /** Ends the connection, unless it was given. */
  close(): void {
    this.#redis.close();
  }

  /** Names need not be unique. */
  createModel = (model: models.NewModel) => models.create(this.#redis, model);
  getModel = (id: number) => models.get(this.#redis, id);
  /** The newest model of that name. */
  getModelByName = (name: string) => models.getByName(this.#redis, name);
  listModels = (slice?: Slice) => models.list(this.#redis, slice);
  /** `updatedAt` becomes now unless it is given. */
  updateModel = (id: number, change: models.ModelChanges) => models.update(this.#redis, id, change);
  /** Its versions stay. */
  deleteModel = (id: number) => models.remove(this.#redis, id);

  createModelVersion = (version: versions.NewModelVersion) => versions.create(this.#redis, version);
  getModelVersion = (id: number) => versions.get(this.#redis, id);
  getModelVersions = (modelId: number) => versions.listOf(this.#redis, modelId);
  deleteModelVersion = (id: number) => versions.remove(this.#redis, id);

  createDataset = (dataset: datasets.NewDataset) => datasets.create(this.#redis, dataset);
  getDataset = (id: number) => datasets.get(this.#redis, id);
  listDatasets = (slice?: Slice) => datasets.list(this.#redis, slice);
  deleteDataset = (id: number) => datasets.remove(this.#redis, id);

  createTrainingRun = (run: runs.NewTrainingRun) => runs.create(this.#redis, run);
  getTrainingRun = (id: number) => runs.get(this.#redis, id);
  listTrainingRuns = (slice?: Slice) => runs.list(this.#redis, slice);
  updateTrainingRun = (id: number, change: runs.TrainingRunChanges) =>
    runs.update(this.#redis, 'millrace_update_run', { ...change, id });
  /** `status` becomes completed and `completedAt` now unless they are given. */
  completeTrainingRun = (id: number, change: runs.TrainingRunChanges = {}) =>
    runs.update(this.#redis, 'millrace_complete_run', { ...change, id });
  /** Its hyperparameters and metrics stay. */
  deleteTrainingRun = (id: number) => runs.remove(this.#redis, id);

  /** Overwrites those of the same names. */
  logHyperparameters = (runId: number, values: hyperparameters.Hyperparameters) =>
    hyperparameters.log(this.#redis, runId, values);
  getHyperparameters = (runId: number) => hyperparameters.get(this.#redis, runId);
  /** All of a run's. */
  deleteHyperparameters = (runId: number) => hyperparameters.remove(this.#redis, runId);

  /** Says whether the point is new: the very same point is kept once. */
  logMetric = (runId: number, point: metrics.NewMetric) => metrics.log(this.#redis, runId, point);
  /** Returns how many of the points are new. */
  logMetrics = (runId: number, points: readonly metrics.NewMetric[]) =>
    metrics.logAll(this.#redis, runId, points);
  /** Without both `metricName` and `split` this scans the whole keyspace for the run's metrics. */
  getMetrics = (runId: number, filter: metrics.MetricFilter = {}) => metrics.list(this.#redis, runId, filter);
  /** A metric with all its points; `split` is train unless given. */
  deleteMetric = (runId: number, metric: metrics.MetricName) => metrics.remove(this.#redis, runId, metric);

  createExperiment = (experiment: experiments.NewExperiment) => experiments.create(this.#redis, experiment);
  getExperiment = (id: number) => experiments.get(this.#redis, id);
  listExperiments = (slice?: Slice) => experiments.list(this.#redis, slice);
  updateExperiment = (id: number, change: experiments.ExperimentChanges) =>
    experiments.update(this.#redis, 'millrace_update_experiment', { ...change, id });
  /** `status` becomes completed and `completedAt` now unless they are given. */
  completeExperiment = (id: number, change: experiments.ExperimentChanges = {}) =>
    experiments.update(this.#redis, 'millrace_complete_experiment', { ...change, id });
  deleteExperiment = (id: number) => experiments.remove(this.#redis, id);

  /** Says whether the run is new to the experiment; done again it writes variant and notes anew. */
  addRunToExperiment = (run: experimentRuns.NewExperimentRun) => experimentRuns.add(this.#redis, run);
  getExperimentRuns = (experimentId: number) => experimentRuns.listOf(this.#redis, experimentId);
  deleteExperimentRun = (experimentId: number, runId: number) =>
    experimentRuns.remove(this.#redis, experimentId, runId);

  logPrediction = (prediction: predictions.NewPrediction) => predictions.log(this.#redis, prediction);
  /** In chunks of 250, each of them atomic. Returns the ids in order. */
  logPredictions = (list: readonly predictions.NewPrediction[]) => predictions.logAll(this.#redis, list);
  getPrediction = (id: number) => predictions.get(this.#redis, id);
  /** Newest first; 100 unless `limit` is given. */
  getPredictions = (modelVersionId: number, slice: Slice = {}) =>
    predictions.listOf(this.#redis, modelVersionId, slice);
  deletePrediction = (id: number) => predictions.remove(this.#redis, id);

  /** How many records the indexes know of each kind. */
  getStatistics = () => readStatistics(this.#redis);
}
