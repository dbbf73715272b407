import { catalogueOf, type Column, type Kind, type Parent } from './kinds';

const text = (column: string): Column => ({ column, field: column, decoder: 'text' });
const json = (column: string, field = column): Column => ({ column, field, decoder: 'json' });
const float = (column: string): Column => ({ column, field: column, decoder: 'float or none' });
const integer = (column: string): Column => ({ column, field: column, decoder: 'integer' });
const time = (column: string): Column => ({ column, field: column, decoder: 'time' });
const born = (column: string): Column => ({ ...time(column), required: true });
const ended: Column = { column: 'completed_at', field: 'completed_at', decoder: 'time or none' };
const lasts: NonNullable<Kind['lasts']> = { status: 'status', until: 'completed_at' };
const name = (column: string): Column => ({ ...text(column), required: true });
const ownRun: Parent = { column: 'training_run_id', kind: 'run', from: 0 };

/** The registry of models under `aidb:`, and its tables. A further kind needs a row here, a migration, and nothing else. */
export const kinds = {
  model: {
    name: 'model',
    table: 'models',
    shape: 'hash',
    statistic: 'models',
    identity: 'mapped',
    created: 'created_at',
    natural: ['name'],
    counted: true,
    index: { key: 'aidb:idx:models', by: 'id' },
    names: 'aidb:model:name_to_id',
    aside: 'name_to_id',
    told: 'Model',
    parents: [],
    columns: [
      name('name'),
      ...['description', 'architecture', 'framework', 'task_type', 'input_shape', 'output_shape'].map(text),
      born('created_at'),
      time('updated_at'),
    ],
  },
  dataset: {
    name: 'dataset',
    table: 'datasets',
    shape: 'hash',
    statistic: 'datasets',
    identity: 'mapped',
    created: 'created_at',
    natural: ['name'],
    counted: true,
    index: { key: 'aidb:idx:datasets', by: 'id' },
    told: 'Dataset',
    parents: [],
    columns: [
      name('name'),
      ...['description', 'source_path', 'format'].map(text),
      integer('size_bytes'),
      integer('num_samples'),
      json('split_info'),
      json('preprocessing'),
      born('created_at'),
    ],
  },
  experiment: {
    name: 'experiment',
    table: 'experiments',
    shape: 'hash',
    statistic: 'experiments',
    identity: 'mapped',
    created: 'created_at',
    natural: ['name'],
    counted: true,
    index: { key: 'aidb:idx:experiments', by: 'id' },
    lasts,
    parents: [],
    columns: [
      name('name'),
      ...['description', 'hypothesis', 'status'].map(text),
      born('created_at'),
      ended,
      json('results'),
    ],
  },
  version: {
    name: 'version',
    table: 'model_versions',
    shape: 'hash',
    statistic: 'versions',
    identity: 'mapped',
    created: 'created_at',
    natural: ['model_id', 'version'],
    counted: true,
    index: { key: 'aidb:idx:versions:{0}', by: 'id' },
    parents: [{ column: 'model_id', kind: 'model', from: 'model_id' }],
    columns: [name('version'), text('checkpoint_path'), json('config'), text('status'), born('created_at')],
  },
  run: {
    name: 'run',
    table: 'training_runs',
    shape: 'hash',
    statistic: 'runs',
    identity: 'mapped',
    created: 'started_at',
    counted: true,
    index: { key: 'aidb:idx:runs', by: 'id' },
    lasts,
    parents: [
      { column: 'model_version_id', kind: 'version', from: 'model_version_id' },
      { column: 'dataset_id', kind: 'dataset', from: 'dataset_id', optional: true },
    ],
    columns: [
      ...['run_name', 'status'].map(text),
      born('started_at'),
      ended,
      ...['duration_seconds', 'final_loss', 'best_metric_value'].map(float),
      json('artifacts'),
    ],
  },
  hyperparam: {
    name: 'hyperparam',
    table: 'hyperparameters',
    shape: 'fields',
    statistic: 'hyperparams',
    identity: 'keyed',
    parents: [ownRun],
    columns: [text('param_name'), text('param_value')],
  },
  exprun: {
    name: 'exprun',
    table: 'experiment_runs',
    shape: 'hash',
    identity: 'keyed',
    index: { key: 'aidb:exprun:{0}:runs', by: 'set', member: '{1}' },
    aside: '*:runs',
    parents: [
      { column: 'experiment_id', kind: 'experiment', from: 0 },
      { column: 'training_run_id', kind: 'run', from: 1 },
    ],
    columns: ['variant_name', 'notes'].map(text),
  },
  metric: {
    name: 'metric',
    table: 'metrics',
    shape: 'members',
    series: { key: ['metric_name', 'split'], score: ['epoch', 'step'] },
    statistic: 'metrics',
    identity: 'keyed',
    appendOnly: true,
    carried: true,
    parents: [ownRun],
    columns: [
      integer('epoch'),
      integer('step'),
      name('metric_name'),
      { column: 'metric_value', field: 'metric_value', decoder: 'float' },
      text('split'),
      time('timestamp'),
    ],
  },
  prediction: {
    name: 'prediction',
    table: 'predictions',
    shape: 'hash',
    statistic: 'predictions',
    identity: 'dated',
    created: 'timestamp',
    appendOnly: true,
    carried: true,
    packed: true,
    counted: true,
    index: { key: 'aidb:idx:predictions:{0}', by: 'newest' },
    parents: [{ column: 'model_version_id', kind: 'version', from: 'model_version_id' }],
    columns: [
      json('input_data', 'input'),
      json('output_data', 'output'),
      float('confidence'),
      float('inference_time_ms'),
      born('timestamp'),
      json('metadata'),
    ],
  },
} as const satisfies Readonly<Record<string, Kind>>;

/** The catalogue of all who bring none of their own. */
export const aiRegistry = catalogueOf(Object.values(kinds));
