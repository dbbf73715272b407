/**
 * What each table of the archive must hold for the records in Redis. Written down a second time, without any code of the archive, since a
 * verification is worth little that uses what it verifies.
 */
export interface Table {
  readonly table: string;
  /** What the records are called. */
  readonly records: string;
  readonly columns: Readonly<Record<string, Form>>;
  /** Fields that are named otherwise than their column. */
  readonly fields?: Readonly<Record<string, string>>;
  /** The columns that tell a row from every other. */
  readonly label: readonly [string, ...string[]];
  /** Set if Redis ids are not the ids in Postgres: then millrace.id_map has both, with this field as the creation time. */
  readonly mappedBy?: 'created_at' | 'started_at';
}

/**
 * How a value in Redis corresponds to one in Postgres. `text`, `json`, `count`: the same text. `measure`: the same number, 0 is NULL.
 * `number`: the same number. `time`: the same microsecond, '' is NULL. Otherwise a parent: its Redis id has become its Postgres id,
 * 0 is NULL.
 */
export type Form = 'text' | 'json' | 'count' | 'measure' | 'number' | 'time' | ParentForm;
export type ParentForm = `id of ${Mapped}`;
export type Mapped = 'model' | 'dataset' | 'version' | 'run' | 'experiment';
export type Name = Mapped | 'hyperparam' | 'metric' | 'exprun' | 'prediction';

const texts = <const T extends readonly string[]>(...columns: T) =>
  Object.fromEntries(columns.map((column) => [column, 'text'])) as Record<T[number], 'text'>;

/** The tables by the word after `aidb:` in the key; parents come before children. */
export const tables: Readonly<Record<Name, Table>> = {
  model: {
    table: 'models',
    records: 'models',
    label: ['name'],
    mappedBy: 'created_at',
    columns: {
      ...texts(
        'name',
        'description',
        'architecture',
        'framework',
        'task_type',
        'input_shape',
        'output_shape',
      ),
      created_at: 'time',
      updated_at: 'time',
    },
  },
  dataset: {
    table: 'datasets',
    records: 'datasets',
    label: ['name'],
    mappedBy: 'created_at',
    columns: {
      ...texts('name', 'description', 'source_path', 'format'),
      size_bytes: 'count',
      num_samples: 'count',
      split_info: 'json',
      preprocessing: 'json',
      created_at: 'time',
    },
  },
  version: {
    table: 'model_versions',
    records: 'model versions',
    label: ['model_id', 'version'],
    mappedBy: 'created_at',
    columns: {
      model_id: 'id of model',
      ...texts('version', 'checkpoint_path', 'status'),
      config: 'json',
      created_at: 'time',
    },
  },
  run: {
    table: 'training_runs',
    records: 'training runs',
    label: ['model_version_id', 'run_name', 'started_at'],
    mappedBy: 'started_at',
    columns: {
      model_version_id: 'id of version',
      dataset_id: 'id of dataset',
      ...texts('run_name', 'status'),
      started_at: 'time',
      completed_at: 'time',
      duration_seconds: 'measure',
      final_loss: 'measure',
      best_metric_value: 'measure',
      artifacts: 'json',
    },
  },
  hyperparam: {
    table: 'hyperparameters',
    records: 'hyperparameters',
    label: ['training_run_id', 'param_name'],
    columns: { training_run_id: 'id of run', ...texts('param_name', 'param_value') },
  },
  metric: {
    table: 'metrics',
    records: 'metrics',
    label: ['training_run_id', 'metric_name', 'split', 'epoch', 'step', 'timestamp'],
    columns: {
      training_run_id: 'id of run',
      epoch: 'count',
      step: 'count',
      ...texts('metric_name', 'split'),
      metric_value: 'number',
      timestamp: 'time',
    },
  },
  experiment: {
    table: 'experiments',
    records: 'experiments',
    label: ['name'],
    mappedBy: 'created_at',
    columns: {
      ...texts('name', 'description', 'hypothesis', 'status'),
      created_at: 'time',
      completed_at: 'time',
      results: 'json',
    },
  },
  exprun: {
    table: 'experiment_runs',
    records: 'experiment runs',
    label: ['experiment_id', 'training_run_id'],
    columns: {
      experiment_id: 'id of experiment',
      training_run_id: 'id of run',
      ...texts('variant_name', 'notes'),
    },
  },
  prediction: {
    table: 'predictions',
    records: 'predictions',
    label: ['redis_id', 'timestamp'],
    fields: { redis_id: 'id', input_data: 'input', output_data: 'output' },
    columns: {
      redis_id: 'count',
      model_version_id: 'id of version',
      input_data: 'json',
      output_data: 'json',
      confidence: 'measure',
      inference_time_ms: 'measure',
      timestamp: 'time',
      metadata: 'json',
    },
  },
};
