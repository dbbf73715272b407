/** The kinds of record, in the order in which they can be written: parents before children. */
export const kindNames = [
  'model',
  'dataset',
  'experiment',
  'version',
  'run',
  'hyperparam',
  'exprun',
  'metric',
  'prediction',
] as const;

export type KindName = (typeof kindNames)[number];

/** How the text of a hash field becomes the text of a column: see decode.ts. */
export type Decoder = 'text' | 'json' | 'integer' | 'float' | 'float or none' | 'time' | 'time or none';

export interface Column {
  /** In Postgres. */
  readonly column: string;
  /** In the hash (for a metric: in the JSON member). */
  readonly field: string;
  readonly decoder: Decoder;
  /** A record without this field is not complete yet: it is parked. */
  readonly required?: true;
}

/** The lines of the statistics, in the order of the documents; `errors` is the ninth. */
export const statistics = [
  'models',
  'versions',
  'datasets',
  'runs',
  'hyperparams',
  'metrics',
  'experiments',
  'predictions',
] as const;

export type Statistic = (typeof statistics)[number];

export interface Parent {
  /** The column that points to it. */
  readonly column: string;
  readonly kind: KindName;
  /** Where its Redis id stands: a field of the hash, or a part of our own key (0 is the first after `aidb:<kind>:`). */
  readonly from: string | number;
  /** 0 or nothing means none. */
  readonly optional?: true;
}

export interface Kind {
  readonly name: KindName;
  readonly table: string;
  /** Its line in the statistics the documents show. */
  readonly statistic?: Statistic;
  readonly parents: readonly Parent[];
  readonly columns: readonly Column[];
  /**
   * How a record is told from another under the same key (ids start over when Redis is flushed):
   *   mapped   by (id, creation time), in millrace.id_map, because others refer to it;
   *   dated    by (id, creation time) in the row itself: redis_id and the column of `created`;
   *   keyed    by its parents and redis_key, the md5 of what distinguishes it below them.
   */
  readonly identity: 'mapped' | 'dated' | 'keyed';
  /** The field with the creation time, where the record has one of its own. */
  readonly created?: string;
  /** Columns in which Postgres allows one row only. */
  readonly natural?: readonly string[];
  /** Its contents never change: identity says everything. */
  readonly appendOnly?: true;
}

const text = (column: string): Column => ({ column, field: column, decoder: 'text' });
const json = (column: string, field = column): Column => ({ column, field, decoder: 'json' });
const float = (column: string): Column => ({ column, field: column, decoder: 'float or none' });
const integer = (column: string): Column => ({ column, field: column, decoder: 'integer' });
const time = (column: string): Column => ({ column, field: column, decoder: 'time' });
const born = (column: string): Column => ({ ...time(column), required: true });
const ended: Column = { column: 'completed_at', field: 'completed_at', decoder: 'time or none' };
const name = (column: string): Column => ({ ...text(column), required: true });
const ownRun: Parent = { column: 'training_run_id', kind: 'run', from: 0 };

/** LAYOUTS sections 2 and 3, as a table. A further kind needs a row here, a migration, and nothing else. */
export const kinds: Readonly<Record<KindName, Kind>> = {
  model: {
    name: 'model',
    table: 'models',
    statistic: 'models',
    identity: 'mapped',
    created: 'created_at',
    natural: ['name'],
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
    statistic: 'datasets',
    identity: 'mapped',
    created: 'created_at',
    natural: ['name'],
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
    statistic: 'experiments',
    identity: 'mapped',
    created: 'created_at',
    natural: ['name'],
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
    statistic: 'versions',
    identity: 'mapped',
    created: 'created_at',
    natural: ['model_id', 'version'],
    parents: [{ column: 'model_id', kind: 'model', from: 'model_id' }],
    columns: [name('version'), text('checkpoint_path'), json('config'), text('status'), born('created_at')],
  },
  run: {
    name: 'run',
    table: 'training_runs',
    statistic: 'runs',
    identity: 'mapped',
    created: 'started_at',
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
    statistic: 'hyperparams',
    identity: 'keyed',
    parents: [ownRun],
    columns: [text('param_name'), text('param_value')],
  },
  exprun: {
    name: 'exprun',
    table: 'experiment_runs',
    identity: 'keyed',
    parents: [
      { column: 'experiment_id', kind: 'experiment', from: 0 },
      { column: 'training_run_id', kind: 'run', from: 1 },
    ],
    columns: ['variant_name', 'notes'].map(text),
  },
  metric: {
    name: 'metric',
    table: 'metrics',
    statistic: 'metrics',
    identity: 'keyed',
    appendOnly: true,
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
    statistic: 'predictions',
    identity: 'dated',
    created: 'timestamp',
    appendOnly: true,
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
};

const names = new Set<string>(kindNames);
export const isKind = (text: string): text is KindName => names.has(text);
