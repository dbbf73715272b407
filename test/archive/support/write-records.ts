import fc from 'fast-check';
import type Redis from 'ioredis';
import { pack } from '../../../src/archive/record/packed';
import {
  anyDataset,
  anyExperiment,
  anyExprun,
  anyHyperparams,
  anyModel,
  anyPoint,
  anyPrediction,
  anyRun,
  anyVersion,
  type Fields,
  memberOf,
  type Point,
  storedPoint,
} from './any-records';
import type { ExpectedRows } from './expected-rows';
import type { StoredRow } from './stored-rows';

const batch = <T>(record: fc.Arbitrary<T>, length: number) =>
  fc.array(record, { minLength: length, maxLength: length });

/** Of every kind. */
export const anyRecords = fc.record({
  models: batch(anyModel, 30),
  datasets: batch(anyDataset, 30),
  versions: batch(anyVersion, 30),
  trainings: batch(anyRun, 40),
  experiments: batch(anyExperiment, 30),
  hyperparams: batch(anyHyperparams, 40),
  expruns: batch(anyExprun, 40),
  predictions: batch(anyPrediction, 150),
  points: batch(anyPoint, 150),
});
type Records = typeof anyRecords extends fc.Arbitrary<infer T> ? T : never;

/** Of the kinds that a stream entry can carry. */
export const anyAppended = fc.record({
  predictions: batch(anyPrediction, 200),
  points: batch(anyPoint, 200),
});

const born = '2026-01-05T14:30:00';

/** The records with the id 1 that the others refer to. */
export async function writeFidelityParents(client: Redis): Promise<void> {
  const names = { name: 'parent', version: 'parent', run_name: 'parent' };
  const refers = { model_id: '1', model_version_id: '1' };
  for (const kind of ['model', 'version', 'run', 'dataset', 'experiment'])
    await client.hset(`aidb:${kind}:1`, { ...names, ...refers, created_at: born, started_at: born });
}

export interface Hash {
  readonly key: string;
  readonly table: string;
  readonly fields: Fields;
  /** Fields that refer to parents. */
  readonly more?: Readonly<Record<string, string>>;
  /** Columns after those of the fields. */
  readonly tail?: StoredRow;
  /** Before the first text, where Postgres takes each once only. */
  readonly prefix?: string;
}

/** A hash, as a plain writer writes it. */
export async function writeHash(client: Redis, expected: ExpectedRows, hash: Hash): Promise<void> {
  const { key, table, fields, more = {}, tail = [], prefix } = hash;
  const cells = Object.entries(fields).map(([field, { written, stored }], index) => {
    if (prefix === undefined || index > 0) return { field, written, stored };
    return { field, written: `${prefix} ${written ?? ''}`, stored: `${prefix} ${stored ?? ''}` };
  });
  const pairs = cells.flatMap(({ field, written }) => (written === undefined ? [] : [field, written]));
  pairs.push(...Object.entries(more).flat());
  if (pairs.length > 0) await client.hset(key, ...pairs);
  expected.add(table, [...cells.map(({ stored }) => stored), ...tail]);
}

/** Everything by plain commands, record by record. */
export async function writePlain(client: Redis, expected: ExpectedRows, records: Records): Promise<void> {
  const write = (kind: string, table: string, fields: Fields, rest: Omit<Hash, 'key' | 'table' | 'fields'>) =>
    writeHash(client, expected, { key: `aidb:${kind}:${expected.nextId()}`, table, fields, ...rest });
  const prefix = () => expected.nextId();
  for (const fields of records.models) await write('model', 'models', fields, { prefix: prefix() });
  for (const fields of records.datasets) await write('dataset', 'datasets', fields, { prefix: prefix() });
  for (const fields of records.experiments)
    await write('experiment', 'experiments', fields, { prefix: prefix() });
  for (const fields of records.versions)
    await write('version', 'model_versions', fields, { more: { model_id: '1' }, prefix: prefix() });
  for (const [index, fields] of records.trainings.entries())
    await writeTraining(client, expected, { fields, index, records });
  for (const fields of records.predictions)
    await write('prediction', 'predictions', fields, { more: { model_version_id: '1' } });
  for (const point of records.points) {
    const member = memberOf(point);
    if (!expected.isNewMember(member)) continue;
    const score = String(point.epoch ?? point.step ?? 0);
    await client.zadd(`aidb:metric:1:${point.name}:${point.split}`, score, member);
    expected.add('metrics', storedPoint(point));
  }
}

/** Run, its hyperparameters, and its part in an experiment. */
async function writeTraining(
  client: Redis,
  expected: ExpectedRows,
  { fields, index, records }: { readonly fields: Fields; readonly index: number; readonly records: Records },
): Promise<void> {
  const run = expected.nextId();
  const datasets = [['0', null], ['', null], ['1', 'parent']] as const; // prettier-ignore
  const [dataset_id, name] = datasets[index % 3] ?? datasets[0];
  const more = { model_version_id: '1', dataset_id };
  await writeHash(client, expected, {
    key: `aidb:run:${run}`,
    table: 'training_runs',
    fields,
    more,
    tail: [name],
  });
  const values = Object.entries(records.hyperparams[index] ?? {});
  await client.hset(`aidb:hyperparam:${run}`, ...values.flat());
  for (const pair of values) expected.add('hyperparameters', pair);
  const exprun = {
    key: `aidb:exprun:1:${run}`,
    table: 'experiment_runs',
    fields: records.expruns[index] ?? {},
  };
  await writeHash(client, expected, { ...exprun, more: { experiment_id: '1', training_run_id: run } });
}

interface Appended {
  readonly predictions: readonly Fields[];
  readonly points: readonly Point[];
}

/** The library wants minutes, too: `+03` is refused. */
const wholeZone = (text: string) => text.replace(/^(\d{4}-.{6}\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d)$/, '$1:00');

/** By the function library: one call for all predictions, one for all points. */
export async function callFunctions(
  client: Redis,
  expected: ExpectedRows,
  appended: Appended,
): Promise<void> {
  const { predictions } = appended;
  const keys = ['millrace:changes', 'aidb:counter:prediction', 'aidb:version:1', 'aidb:idx:predictions:1'];
  const values = predictions.flatMap((fields) => {
    const cells = Object.values(fields).map(({ written }) => wholeZone(written ?? ''));
    return ['1', ...cells];
  });
  await client.fcall('millrace_log_predictions', keys.length, ...keys, ...values);
  const json = ['input', 'output', 'metadata'];
  for (const fields of predictions) {
    const stored = Object.entries(fields).map(([field, cell]) =>
      // What is not given takes the library's default.
      cell.written === undefined && json.includes(field) ? '{}' : cell.stored,
    );
    expected.add('predictions', stored);
  }

  const points = appended.points
    .map((point) => ({ ...point, split: point.split || 'train', ascii: true }))
    .map((point) => ({ ...point, at: { ...point.at, written: wholeZone(point.at.written) } }))
    .filter((point) => expected.isNewMember(memberOf(point)));
  const series = new Set(points.map(({ name, split }) => `aidb:metric:1:${name}:${split}`));
  const metricKeys = ['millrace:changes', 'aidb:run:1', ...series];
  const cells = points.flatMap(({ name, value, epoch, step, split, at }) => [
    ...[name, value, String(epoch ?? ''), String(step ?? ''), split, at.written],
  ]);
  await client.fcall('millrace_log_metrics', metricKeys.length, ...metricKeys, '1', ...cells);
  for (const point of points) expected.add('metrics', storedPoint(point));
}

/** Only the stream's entries, as the library would write them: without a hash or a sorted set. */
export async function appendEntries(
  client: Redis,
  expected: ExpectedRows,
  appended: Appended,
): Promise<void> {
  const entries = client.pipeline();
  for (const fields of appended.predictions) {
    const cells = Object.values(fields).map(({ written }) => written);
    const packed = pack([expected.nextId(), born, '1', ...cells]);
    entries.xadd('millrace:changes', '*', 'prediction=', packed);
    expected.add('predictions', Object.values(fields).map(({ stored }) => stored)); // prettier-ignore
  }
  for (const point of appended.points) {
    const member = memberOf(point);
    if (!expected.isNewMember(member)) continue;
    const packed = pack(['1', born, `${point.name}:${point.split}`, member]);
    entries.xadd('millrace:changes', '*', 'metric=', packed);
    expected.add('metrics', storedPoint(point));
  }
  await entries.exec();
}
