import type Redis from 'ioredis';
import { renderId, renderNumber, renderText, renderTime, renderWhole, type Time } from './fields';
import type { FunctionClient } from './function-client';
import { changesStream } from './keys';
import { readJson } from './tolerant-json';

/** One point of a metric. */
export interface Metric {
  readonly metricName: string;
  /** NaN and the infinities are legal; null for a point of other writers that has none. */
  readonly metricValue: number | null;
  readonly epoch: number | null;
  readonly step: number | null;
  readonly split: string;
  readonly timestamp: string;
}

export interface NewMetric {
  readonly metricName: string;
  readonly metricValue: number;
  readonly epoch?: number | null | undefined;
  readonly step?: number | null | undefined;
  /** Default: train. */
  readonly split?: string | undefined;
  /** Default: now. */
  readonly timestamp?: Time | undefined;
}

export interface MetricName {
  readonly metricName: string;
  /** Default: train. */
  readonly split?: string;
}
export type MetricFilter = Partial<MetricName>;

/** How many points go into one call, which takes some milliseconds of the server's time. */
const chunkSize = 500;

/** Adds points to metrics of one run. Returns how many are new: the very same point is kept once. */
export async function logAll(
  functions: FunctionClient,
  runId: number,
  points: readonly NewMetric[],
): Promise<number> {
  const run = renderId(runId, 'runId');
  const rows = points.map(renderPoint);
  let added = 0;
  for (let from = 0; from < rows.length; from += chunkSize) {
    const chunk = rows.slice(from, from + chunkSize);
    const keys = new Set(chunk.map(([name, , , , split]) => metricKey(run, name, split)));
    added += await functions.count(
      'millrace_log_metrics',
      [changesStream, `aidb:run:${run}`, ...keys],
      [run, ...chunk.flat()],
    );
  }
  return added;
}

export const log = async (functions: FunctionClient, runId: number, point: NewMetric): Promise<boolean> =>
  (await logAll(functions, runId, [point])) === 1;

type Row = readonly [
  name: string,
  value: string,
  epoch: string,
  step: string,
  split: string,
  timestamp: string,
];

const renderPoint = (point: NewMetric): Row => [
  renderText(point.metricName, 'metricName'),
  renderNumber(point.metricValue, 'metricValue'),
  wholeOrNone(point.epoch, 'epoch'),
  wholeOrNone(point.step, 'step'),
  point.split === undefined || point.split === '' ? 'train' : renderText(point.split, 'split'),
  point.timestamp === undefined ? '' : renderTime(point.timestamp, 'timestamp'),
];

const wholeOrNone = (value: number | null | undefined, property: string): string =>
  value === null || value === undefined ? '' : renderWhole(value, property);

const metricKey = (run: string, name: string, split: string): string => `aidb:metric:${run}:${name}:${split}`;

export async function remove(
  functions: FunctionClient,
  runId: number,
  { metricName, split = 'train' }: MetricName,
): Promise<boolean> {
  const run = renderId(runId, 'runId');
  const keys = [changesStream, metricKey(run, metricName, split)];
  return functions.did('millrace_delete_metric', keys, [run, metricName, split]);
}

/** Points of a run, by metric and then by epoch. Without both name and split, the whole keyspace is scanned for the run's keys. */
export const list = (functions: FunctionClient, runId: number, filter: MetricFilter): Promise<Metric[]> =>
  functions.read(async (client) => {
    const { metricName, split } = filter;
    const run = renderId(runId, 'runId');
    const exact = metricName !== undefined && split !== undefined;
    const keys = exact ? [metricKey(run, metricName, split)] : await scanKeys(client, `aidb:metric:${run}:*`);
    const members = await Promise.all(keys.map((key) => client.zrange(key, 0, -1)));
    return members
      .flat()
      .map(decodeMember)
      .filter((point) => point !== undefined)
      .filter((point) => (metricName ?? point.metricName) === point.metricName)
      .filter((point) => (split ?? point.split) === point.split);
  });

async function scanKeys(client: Redis, pattern: string): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, page] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
    for (const key of page) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...keys].sort();
}

/** The point in a member of a metric's sorted set; undefined for a member of other writers that is no point. */
function decodeMember(member: string): Metric | undefined {
  const value = readJson(member);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const point = value as Readonly<Record<string, unknown>>;
  const number = (field: string) => (typeof point[field] === 'number' ? point[field] : null);
  const string = (field: string) => (typeof point[field] === 'string' ? point[field] : '');
  return {
    metricName: string('metric_name'),
    metricValue: number('metric_value'),
    epoch: number('epoch'),
    step: number('step'),
    split: string('split'),
    timestamp: string('timestamp'),
  };
}
