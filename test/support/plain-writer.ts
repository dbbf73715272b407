import type Redis from 'ioredis';

/**
 * Writes records as the Python applications do: plain commands, no transaction, no word to Millrace (LAYOUTS.md, section 2). What
 * `fields` says is written as it is given, under the names of the hash; the rest takes the defaults. Returns the id.
 */
export type PlainFields = Readonly<Record<string, string>>;

/** Naive UTC with microseconds, as Python's isoformat. */
const now = (): string => `${new Date().toISOString().slice(0, -1)}000`.replace(/\.000000$/, '');

interface PlainKind {
  readonly kind: string;
  readonly index: string;
  readonly defaults: PlainFields;
}

async function plainRecord(client: Redis, { kind, index, defaults }: PlainKind, fields: PlainFields) {
  const id = await client.incr(`aidb:counter:${kind}`);
  await client.hset(`aidb:${kind}:${id}`, { id: String(id), ...defaults, ...fields });
  await client.zadd(index, id, String(id));
  return id;
}

export async function plainModel(client: Redis, fields: PlainFields = {}): Promise<number> {
  const created = fields['created_at'] ?? now();
  const texts = { architecture: '', framework: '', task_type: '', input_shape: '', output_shape: '' };
  const defaults = { name: 'ResNet', description: '', ...texts, created_at: created, updated_at: created };
  const id = await plainRecord(client, { kind: 'model', index: 'aidb:idx:models', defaults }, fields);
  await client.hset('aidb:model:name_to_id', fields['name'] ?? 'ResNet', String(id));
  return id;
}

export function plainVersion(client: Redis, modelId: number, fields: PlainFields = {}): Promise<number> {
  const index = `aidb:idx:versions:${modelId}`;
  const defaults = { model_id: String(modelId), version: '1.0.0', checkpoint_path: '', config: '{}' };
  const state = { status: 'created', created_at: now() };
  return plainRecord(client, { kind: 'version', index, defaults: { ...defaults, ...state } }, fields);
}

export function plainDataset(client: Redis, fields: PlainFields = {}): Promise<number> {
  const texts = { name: 'ImageNet', description: '', source_path: '', format: '' };
  const rest = {
    size_bytes: '0',
    num_samples: '0',
    split_info: '{}',
    preprocessing: '{}',
    created_at: now(),
  };
  const defaults = { ...texts, ...rest };
  return plainRecord(client, { kind: 'dataset', index: 'aidb:idx:datasets', defaults }, fields);
}

export function plainRun(client: Redis, versionId: number, fields: PlainFields = {}): Promise<number> {
  const head = { model_version_id: String(versionId), dataset_id: '0', run_name: '', status: 'running' };
  const times = { started_at: now(), completed_at: '', duration_seconds: '0' };
  const results = { final_loss: '0', best_metric_value: '0', artifacts: '{}' };
  const defaults = { ...head, ...times, ...results };
  return plainRecord(client, { kind: 'run', index: 'aidb:idx:runs', defaults }, fields);
}

/** Values as Python prints them. */
export async function plainHyperparams(client: Redis, runId: number, values: PlainFields): Promise<number> {
  await client.hset(`aidb:hyperparam:${runId}`, values);
  return runId;
}

export interface PlainPoint {
  readonly name?: string;
  readonly split?: string;
  /** JSON text. */
  readonly value?: string;
  readonly epoch?: number;
  readonly step?: number;
  readonly timestamp?: string;
  /** The member itself, instead of all the above but name and split. */
  readonly member?: string;
}

/** The member as json.dumps writes it; name and split must be ASCII without quotes. Returns the run's id. */
export async function plainMetric(client: Redis, runId: number, point: PlainPoint = {}): Promise<number> {
  const { name = 'loss', split = 'train', value = '0.5', epoch, step, timestamp = now() } = point;
  const member =
    point.member ??
    `{"epoch": ${epoch ?? 'null'}, "step": ${step ?? 'null'}, "metric_name": "${name}", ` +
      `"metric_value": ${value}, "split": "${split}", "timestamp": "${timestamp}"}`;
  await client.zadd(`aidb:metric:${runId}:${name}:${split}`, epoch ?? step ?? 0, member);
  return runId;
}

export function plainExperiment(client: Redis, fields: PlainFields = {}): Promise<number> {
  const texts = { name: 'ablation', description: '', hypothesis: '', status: 'active' };
  const defaults = { ...texts, created_at: now(), completed_at: '', results: '{}' };
  return plainRecord(client, { kind: 'experiment', index: 'aidb:idx:experiments', defaults }, fields);
}

/** Returns the run's id: an experiment's run has none of its own. */
export async function plainExprun(
  client: Redis,
  experimentId: number,
  runId: number,
  fields: PlainFields = {},
): Promise<number> {
  await client.hset(`aidb:exprun:${experimentId}:${runId}`, {
    experiment_id: String(experimentId),
    training_run_id: String(runId),
    variant_name: '',
    notes: '',
    ...fields,
  });
  await client.sadd(`aidb:exprun:${experimentId}:runs`, String(runId));
  return runId;
}

export async function plainPrediction(
  client: Redis,
  versionId: number,
  fields: PlainFields = {},
): Promise<number> {
  const id = await client.incr('aidb:counter:prediction');
  const timestamp = fields['timestamp'] ?? now();
  await client.hset(`aidb:prediction:${id}`, {
    ...{ id: String(id), model_version_id: String(versionId), input: '{"x": 1}', output: '{"y": 2}' },
    ...{ confidence: '0.9', inference_time_ms: '12.5', timestamp, metadata: '{}', ...fields },
  });
  await client.zadd(`aidb:idx:predictions:${versionId}`, newestFirst(timestamp), String(id));
  return id;
}

/** Minus the Unix time, with its microseconds: a Date would lose them. A time that is none, in tests of bad input, scores 0. */
function newestFirst(timestamp: string): string {
  const [, second = '', fraction = '', zone = ''] = /^(.{19})(\.\d+)?(.*)$/.exec(timestamp) ?? [];
  const seconds = Date.parse(`${second.replace(' ', 'T')}${zone === '' ? 'Z' : zone}`) / 1000;
  if (Number.isNaN(seconds)) return '0';
  return seconds < 0 ? String(-(seconds + Number(`0${fraction}`))) : `-${seconds}${fraction}`;
}
