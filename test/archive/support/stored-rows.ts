import type { TestPostgres } from '../../support/postgres';

/** How the columns of a table are read: times in UTC with their microseconds, floats as numbers, all else as its text. */
const readers = {
  text: (column: string) => `${column}::text`,
  time: (column: string) => `to_char(${column}, 'YYYY-MM-DD HH24:MI:SS.US')`,
  float: (column: string) => column,
};
type Columns = readonly (readonly [name: string, how: keyof typeof readers])[];

const as = (how: keyof typeof readers, ...names: string[]): Columns =>
  names.map((name) => [name, how] as const);

/** LAYOUTS section 3, in the words of this test. Parents by their own names. */
const tables: Readonly<Record<string, Columns>> = {
  models: [
    ...as(
      'text',
      'name',
      'description',
      'architecture',
      'framework',
      'task_type',
      'input_shape',
      'output_shape',
    ),
    ...as('time', 'created_at', 'updated_at'),
  ],
  datasets: [
    ...as(
      'text',
      'name',
      'description',
      'source_path',
      'format',
      'size_bytes',
      'num_samples',
      'split_info',
      'preprocessing',
    ),
    ...as('time', 'created_at'),
  ],
  model_versions: [
    ...as('text', 'version', 'checkpoint_path', 'config', 'status'),
    ...as('time', 'created_at'),
  ],
  training_runs: [
    ...as('text', 'run_name', 'status'),
    ...as('time', 'started_at', 'completed_at'),
    ...as('float', 'duration_seconds', 'final_loss', 'best_metric_value'),
    ...as('text', 'artifacts', '(SELECT name FROM datasets WHERE id = t.dataset_id)'),
  ],
  hyperparameters: as('text', 'param_name', 'param_value'),
  metrics: [
    ...as('text', 'epoch', 'step', 'metric_name'),
    ...as('float', 'metric_value'),
    ...as('text', 'split'),
    ...as('time', '"timestamp"'),
  ],
  experiments: [
    ...as('text', 'name', 'description', 'hypothesis', 'status'),
    ...as('time', 'created_at', 'completed_at'),
    ...as('text', 'results'),
  ],
  experiment_runs: as('text', 'variant_name', 'notes'),
  predictions: [
    ...as('text', 'input_data', 'output_data'),
    ...as('float', 'confidence', 'inference_time_ms'),
    ...as('time', '"timestamp"'),
    ...as('text', 'metadata'),
  ],
};

export type StoredRow = readonly (string | number | null)[];

/** In an order that any two lists of the same rows share. */
export const inOrder = (rows: readonly StoredRow[]): StoredRow[] =>
  rows
    .map((row) => [row.map(String).join('\u0000'), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, row]) => row);

/** All rows of a table but those whose first column is `parent`. */
export async function storedRows({ pool }: TestPostgres, table: string): Promise<StoredRow[]> {
  const columns = tables[table] ?? [];
  const list = columns.map(([name, how]) => readers[how](name));
  const sql = `SELECT ${list.join(', ')} FROM ${table} t WHERE ${list[0]} IS DISTINCT FROM 'parent'`;
  const { rows } = await pool.query<(string | number | null)[]>({ text: sql, rowMode: 'array' });
  return inOrder(rows);
}

/** How many rows each table has, without the parent. */
export async function countRows(
  { pool }: TestPostgres,
  names: readonly string[],
): Promise<Record<string, number>> {
  const list = names.map((name) => {
    const [first = ''] = tables[name]?.[0] ?? [];
    return `(SELECT count(*)::int FROM ${name} WHERE ${first}::text IS DISTINCT FROM 'parent') AS ${name}`;
  });
  const { rows } = await pool.query<Record<string, number>>(`SELECT ${list.join(', ')}`);
  return rows[0] ?? {};
}
