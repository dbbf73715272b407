import type { TextRow } from '../../connections/postgres';
import { type Column, type Kind, kinds } from '../../mapping/kinds';
import { quoteName, type Target } from '../record/target';
import type { MetricForms } from './metric-form';
import { fieldOf, newestFirst, pythonTime, Unlike } from './python-form';
import type { Parent, PartToRestore, RecordToRestore } from './restorer';
import { md5 } from '../record/row';

/** The parents and columns of a kind for a SELECT from `t`, called p0 … and c0 …; times in UTC. */
export function selected({ kind, types }: Target): string {
  const parents = kind.parents.map(({ column }, index) => `t.${quoteName(column)} AS p${index}`);
  const columns = kind.columns.map(({ column }, index) => {
    const name = `t.${quoteName(column)}`;
    const value =
      types.get(column)?.endsWith('with time zone') === true ? `(${name} AT TIME ZONE 'UTC')::text` : name;
    return `${value} AS c${index}`;
  });
  return [...parents, ...columns].join(', ');
}

/** Fields of a kind's hash, in the order of the layout: its id, its parents, the rest. */
export function fieldsOf(kind: Kind): readonly string[] {
  if (kind.name === 'exprun')
    return ['experiment_id', 'training_run_id', ...kind.columns.map(({ field }) => field)];
  const parents = kind.parents.map(({ from }) => String(from));
  return ['id', ...parents, ...kind.columns.map(({ field }) => field)];
}

const indexes: Readonly<Partial<Record<Kind['name'], string>>> = {
  model: 'aidb:idx:models',
  dataset: 'aidb:idx:datasets',
  run: 'aidb:idx:runs',
  experiment: 'aidb:idx:experiments',
};

/** What the record of a row belongs to. */
export interface Lineage {
  /** One for each parent of the kind; undefined: none, or not in Redis. */
  readonly parents: readonly (Parent | undefined)[];
  readonly orphaned: boolean;
}

/**
 * A row as the record it came from.
 * @throws Unlike when it cannot be told so that it would be read back as the same
 */
export function toRecord(
  { kind, types }: Target,
  row: TextRow,
  { parents, orphaned }: Lineage,
): RecordToRestore {
  const values = kind.columns.map((column, index) =>
    fieldOf(column, types.get(column.column) ?? 'text', row[`c${index}`] ?? null),
  );
  const parentIds = parents.map((parent) => parent?.id ?? '0');
  const lineage = { parents: parents.filter((parent) => parent !== undefined), orphaned };
  if (kind.name === 'exprun') {
    requireDigest(row['redis_key'] ?? '', kind.name);
    const [experiment = '', run = ''] = parentIds;
    const index = { key: `aidb:exprun:${experiment}:runs`, score: '', member: run };
    return {
      id: `${experiment}:${run}`,
      created: '',
      ...lineage,
      index,
      name: '',
      values: [...parentIds, ...values],
    };
  }
  const id = row['redis_id'] ?? '';
  const born = kind.columns.findIndex(({ field }) => field === kind.created);
  let created = values[born] ?? '';
  if (kind.identity === 'mapped') {
    const mapped = pythonTime(row['created'] ?? '');
    // Somebody changed it in Postgres: read back, it would be changed to what it was. A row that follows another record has that one's.
    if (row['owned'] === 't' && mapped !== created)
      throw new Unlike('the creation time was changed in Postgres');
    created = values[born] = mapped;
  }
  const index =
    kind.name === 'prediction'
      ? { key: `aidb:idx:predictions:${parentIds[0] ?? ''}`, score: newestFirst(created), member: id }
      : { key: indexes[kind.name] ?? `aidb:idx:versions:${parentIds[0] ?? ''}`, score: id, member: id };
  const name = kind.name === 'model' ? (values[0] ?? '') : '';
  return { id, created, ...lineage, index, name, values: [id, ...parentIds, ...values] };
}

/** @param stored redis_key, name, value @throws Unlike */
export function toHyperparameter(
  [key, first, second]: readonly [string, string | null, string | null],
  parent: Parent,
): PartToRestore {
  if (first === null || second === null) throw new Unlike('param_name or param_value is NULL');
  requireDigest(key, first);
  return { parent, key: `aidb:hyperparam:${parent.id}`, first, second };
}

const metricColumns: readonly Column[] = kinds.metric.columns;
const at = (name: string): string => `c${metricColumns.findIndex(({ column }) => column === name)}`;
const places = {
  ...{ epoch: at('epoch'), step: at('step'), name: at('metric_name'), value: at('metric_value') },
  ...{ split: at('split'), timestamp: at('timestamp') },
};

/** @throws Unlike */
export function toPoint(forms: MetricForms, row: TextRow, parent: Parent): PartToRestore {
  const value = (place: string): string | null => row[place] ?? null;
  const name = value(places.name);
  if (name === null) throw new Unlike('metric_name is NULL');
  const [epoch, step, split] = [value(places.epoch), value(places.step), value(places.split)];
  const point = { epoch, step, name, value: value(places.value), split, timestamp: value(places.timestamp) };
  const second = forms.member(point, row['redis_key'] ?? '');
  if (second === undefined) throw new Unlike('no known way of writing it has these bytes');
  return {
    parent,
    key: `aidb:metric:${parent.id}:${name}:${split ?? 'train'}`,
    first: epoch ?? step ?? '0',
    second,
  };
}

function requireDigest(redisKey: string, distinction: string): void {
  if (redisKey.replaceAll('-', '') !== md5(distinction)) throw new Unlike('it was changed in Postgres');
}
