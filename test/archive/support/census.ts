import type Redis from 'ioredis';
import type { TestPostgres } from '../../support/postgres';

/** Every record as a line that names its parents by their names, so that both sides can be compared without ids. */
export type Census = Readonly<Record<string, readonly string[]>>;
type Hash = Readonly<Record<string, string>>;

const censusSql: Readonly<Record<string, string>> = {
  models: `SELECT concat_ws('|', name, description, TIME(created_at)) AS line FROM models`,
  versions: `SELECT concat_ws('|', v.version, m.name, TIME(v.created_at)) AS line
    FROM model_versions v JOIN models m ON m.id = v.model_id`,
  runs: `SELECT concat_ws('|', r.run_name, v.version, coalesce(d.name, 'none'), r.status) AS line
    FROM training_runs r JOIN model_versions v ON v.id = r.model_version_id LEFT JOIN datasets d ON d.id = r.dataset_id`,
  datasets: 'SELECT name AS line FROM datasets',
  hyperparams: `SELECT concat_ws('|', r.run_name, h.param_name, h.param_value) AS line
    FROM hyperparameters h JOIN training_runs r ON r.id = h.training_run_id`,
  metrics: `SELECT concat_ws('|', r.run_name, m.metric_name, m.split, m.metric_value, TIME(m.timestamp)) AS line
    FROM metrics m JOIN training_runs r ON r.id = m.training_run_id`,
  predictions: `SELECT concat_ws('|', p.redis_id, TIME(p.timestamp), v.version, p.input_data) AS line
    FROM predictions p JOIN model_versions v ON v.id = p.model_version_id`,
};

/** What Postgres has. */
export async function archived({ query }: TestPostgres): Promise<Census> {
  const census: Record<string, string[]> = {};
  for (const [name, sql] of Object.entries(censusSql)) {
    const rows = await query(sql.replace(/TIME\(([^)]+)\)/g, `to_char($1, 'YYYY-MM-DD"T"HH24:MI:SS.US')`));
    census[name] = rows.map(({ line }) => String(line));
  }
  return census;
}

const micros = (time = ''): string => `${time.slice(0, 19)}.${time.slice(20).padEnd(6, '0')}`;

/** What Postgres should have: every complete record of Redis. */
async function written(client: Redis): Promise<Census> {
  const read = async (kind: string): Promise<Map<string, Hash>> => {
    const keys = await client.keys(`aidb:${kind}:*`);
    const pipeline = client.pipeline();
    const records = keys.filter((key) => /:\d+$/.test(key));
    for (const key of records) pipeline.hgetall(key);
    const replies = (await pipeline.exec()) ?? [];
    return new Map(records.map((key, index) => [key.split(':')[2] ?? '', replies[index]?.[1] as Hash]));
  };
  const [models, versions, datasets, runs] = [
    await read('model'),
    await read('version'),
    await read('dataset'),
    await read('run'),
  ];
  const named = (records: Map<string, Hash>, id: string | undefined, field: string) =>
    records.get(id ?? '')?.[field] ?? `no ${String(id)}`;
  const metrics: string[] = [];
  for (const key of await client.keys('aidb:metric:*')) {
    const run = named(runs, key.split(':')[2], 'run_name');
    for (const member of await client.zrange(key, 0, -1)) {
      const point = JSON.parse(member) as Record<string, string | number>;
      const { metric_name, split, metric_value, timestamp } = point;
      metrics.push([run, metric_name, split, metric_value, micros(String(timestamp))].join('|'));
    }
  }
  return {
    models: [...models.values()].map((one) =>
      [one['name'], one['description'], micros(one['created_at'])].join('|'),
    ),
    versions: [...versions.values()].map((one) =>
      [one['version'], named(models, one['model_id'], 'name'), micros(one['created_at'])].join('|'),
    ),
    runs: [...runs.values()].map((one) => {
      const dataset = one['dataset_id'] === '0' ? 'none' : named(datasets, one['dataset_id'], 'name');
      return [
        one['run_name'],
        named(versions, one['model_version_id'], 'version'),
        dataset,
        one['status'],
      ].join('|');
    }),
    datasets: [...datasets.values()].map((one) => one['name'] ?? ''),
    hyperparams: [...(await read('hyperparam'))].flatMap(([run, values]) =>
      Object.entries(values).map(([name, value]) => [named(runs, run, 'run_name'), name, value].join('|')),
    ),
    metrics,
    predictions: [...(await read('prediction'))].map(([id, one]) =>
      [id, micros(one['timestamp']), named(versions, one['model_version_id'], 'version'), one['input']].join(
        '|',
      ),
    ),
  };
}

interface Difference {
  readonly missing: readonly string[];
  /** Or there more often than it should be. */
  readonly unexpected: readonly string[];
}

/**
 * By table, what Postgres lacks and what it has too much; empty when every record of Redis is in Postgres exactly once.
 * @param kept what else should be there, if Redis no longer has it
 */
export async function differences(
  client: Redis,
  postgres: TestPostgres,
  kept: Census = {},
): Promise<Readonly<Record<string, Difference>>> {
  const expected = await written(client);
  const actual = await archived(postgres);
  const found: Record<string, Difference> = {};
  for (const name of Object.keys(censusSql)) {
    const current = expected[name] ?? [];
    const all = [...current, ...without(kept[name] ?? [], current)];
    const missing = without(all, actual[name] ?? []);
    const unexpected = without(actual[name] ?? [], all);
    if (missing.length + unexpected.length > 0)
      found[name] = { missing: missing.slice(0, 5), unexpected: unexpected.slice(0, 5) };
  }
  return found;
}

/** Multisets: a line that is there twice has to be taken away twice. */
function without(lines: readonly string[], taken: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of taken) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = counts.get(line) ?? 0;
    counts.set(line, count - 1);
    return count <= 0;
  });
}
