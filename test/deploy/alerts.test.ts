import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { eventually } from '../support/eventually';
import { bothPipelines, failOnce, scrape, valuesOf } from '../metrics/support/daemon';
import { groupedBy, usesOf } from '../metrics/support/expressions';
import { type Family, labelsOf } from '../metrics/support/exposition';
import { promtool } from '../metrics/support/promtool';

const root = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}
const { groups } = parse(read('deploy/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { name: string; type: string; definition?: string }[] };
  readonly panels: readonly Panel[];
}
const dashboard = JSON.parse(read('deploy/grafana/millrace.json')) as Dashboard;
const charts = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...charts.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
];

const both = bothPipelines();
let families: ReadonlyMap<string, Family>;

beforeAll(async () => {
  const daemon = await both.start();
  await failOnce(both, daemon);
  await eventually(async () => Object.keys(await valuesOf(daemon, 'millrace_lag_seconds')).length === 2);
  families = await scrape(daemon);
}, 30_000);

/** Labels that Prometheus adds. */
const added = ['job', 'instance'];
/** Metrics that Prometheus makes. */
const ofPrometheus = ['up'];
const counterFunctions = ['rate', 'irate', 'increase', 'resets'];
const gaugeFunctions = [
  'delta',
  'deriv',
  'predict_linear',
  'min_over_time',
  'max_over_time',
  'avg_over_time',
];

function familyOf(name: string): Family | undefined {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  const found = families.get(name) ?? families.get(base);
  return name === found?.name || found?.type === 'histogram' ? found : undefined;
}

/** What is wrong with an expression, if these are the metrics. */
function problemsOf(expression: string): readonly string[] {
  const problems: string[] = [];
  const known = new Set(added);
  const uses = usesOf(expression).filter(({ name }) => !ofPrometheus.includes(name));
  for (const { name, labels, within, range } of uses) {
    const family = familyOf(name);
    if (family === undefined) {
      problems.push(`${name} is not exposed`);
      continue;
    }
    // Without a sample it is a gauge of the archive, and has this label.
    const own = family.samples.length === 0 ? ['pipeline'] : [...labelsOf(family)];
    if (name.endsWith('_bucket')) own.push('le');
    for (const label of own) known.add(label);
    for (const label of labels)
      if (![...own, ...added].includes(label)) problems.push(`${name} has no label ${label}`);
    const [around = ''] = within;
    if (counterFunctions.includes(around) !== (family.type !== 'gauge'))
      problems.push(`${around}(${name}), which is a ${family.type}`);
    if (range !== [...counterFunctions, ...gaugeFunctions].includes(around))
      problems.push(`${around}(${name}) ${range ? 'of' : 'without'} a range`);
    if (within.includes('histogram_quantile') && !name.endsWith('_bucket'))
      problems.push(`histogram_quantile of ${name}`);
  }
  const grouped = groupedBy(expression);
  for (const label of grouped) if (!known.has(label)) problems.push(`no metric has the label ${label}`);
  if (expression.includes('histogram_quantile') && !grouped.includes('le'))
    problems.push('quantiles without le');
  return uses.length === 0 && !expression.includes('up{') ? ['no metric'] : problems;
}

test.each(expressions)(
  '%s: what its expression names is exposed, with the labels and the type it needs',
  (_, expr) => {
    expect(problemsOf(expr)).toEqual([]);
  },
);

test.each([
  ['millrace_lag_minutes > 1', 'millrace_lag_minutes is not exposed'],
  ['rate(millrace_lag_seconds[5m])', 'rate(millrace_lag_seconds), which is a gauge'],
  ['millrace_errors_total > 5', '(millrace_errors_total), which is a counter'],
  ['increase(millrace_errors_total)', 'increase(millrace_errors_total) without a range'],
  ['millrace_paused{kind="team"}', 'millrace_paused has no label kind'],
  ['sum by (kind) (millrace_paused)', 'no metric has the label kind'],
  ['histogram_quantile(0.9, rate(millrace_apply_duration_seconds_bucket[5m]))', 'quantiles without le'],
  [
    'histogram_quantile(0.9, sum by (le) (rate(millrace_apply_duration_seconds_sum[5m])))',
    'histogram_quantile of millrace_apply_duration_seconds_sum',
  ],
])('the check objects to %s', (expr, problem) => {
  expect(problemsOf(expr)).toContain(problem);
});

test('every alert says how bad it is, what happens, and where the runbook explains it', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { alert, labels, annotations, ...rule } of rules) {
    expect(alert).toMatch(/^Millrace[A-Z]\w+$/);
    expect(['critical', 'warning', 'info']).toContain(labels.severity);
    if (labels.severity !== 'info') expect(rule.for).toMatch(/^\d+[mh]$/);
    expect(annotations.summary.length).toBeGreaterThan(10);
    expect(annotations.description.length).toBeGreaterThan(20);
    expect(annotations.runbook_url).toBe(`docs/09-runbook.md#${alert.toLowerCase()}`);
  }
});

test('the runbook has an entry for every alert, and no other, that answers the five questions', () => {
  const entries = read('docs/09-runbook.md').split(/^### /m).slice(1);
  expect(entries.map((entry) => entry.split('\n')[0]).sort()).toEqual(rules.map(({ alert }) => alert).sort());
  for (const entry of entries)
    for (const question of ['Means:', 'Users notice:', 'Look:', 'Do:', 'Worry'])
      expect([entry.split('\n')[0], entry.includes(`- **${question}`)]).toEqual([entry.split('\n')[0], true]);
});

test('every alert has a unit test that it fires, and one that it does not', () => {
  const { tests } = parse(read('deploy/prometheus/alerts.test.yml')) as { tests: { name: string }[] };
  const names = new Set(tests.map(({ name }) => name));
  for (const { alert } of rules)
    for (const what of ['fires', 'is quiet']) expect(names).toContain(`${alert} ${what}`);
});

test('promtool takes rules and scrape configuration, and each alert fires when it should and only then', () => {
  const folder = join(root, 'deploy', 'prometheus');
  for (const args of [
    ['check', 'rules', join(folder, 'alerts.yml')],
    ['check', 'config', join(folder, 'prometheus.yml')],
    ['test', 'rules', join(folder, 'alerts.test.yml')],
  ]) {
    const said = promtool(args);
    if (said !== undefined) expect(said).toMatch(/SUCCESS[^]*exit code 0$/);
  }
});

test('the dashboard shows every metric of Millrace, asks the data source that is chosen, and fits its grid', () => {
  const shown = new Set(
    charts.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => usesOf(expr).map(({ name }) => familyOf(name)?.name)),
    ),
  );
  const ours = [...families.keys()].filter(
    (name) => name.startsWith('millrace_') && name !== 'millrace_build_info',
  );
  expect(ours.filter((name) => !shown.has(name))).toEqual([]);
  expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
  expect(dashboard.templating.list).toContainEqual(
    expect.objectContaining({ name: 'datasource', type: 'datasource' }),
  );
  expect(dashboard.templating.list).toContainEqual(
    expect.objectContaining({ definition: 'label_values(millrace_build_info, instance)' }),
  );
  const taken = new Set<string>();
  for (const { datasource, gridPos } of charts) {
    expect(datasource?.uid).toBe('${datasource}');
    const { x, y, w, h } = gridPos;
    expect(x + w).toBeLessThanOrEqual(24);
    for (let column = x; column < x + w; column++)
      for (let line = y; line < y + h; line++) {
        expect(taken).not.toContain(`${column} ${line}`);
        taken.add(`${column} ${line}`);
      }
  }
});
