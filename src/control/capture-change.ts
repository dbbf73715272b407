import type { CaptureStep } from '../aliases/source/capture';
import type { capturedIn } from '../aliases/source/install-capture';

/** What has changed of ours in the SQLite file, by the tables that it is on. */
export interface CaptureChange {
  /** Whether there is a changelog now, and was none. */
  readonly changelog: boolean;
  readonly triggers: readonly string[];
  readonly indexes: readonly string[];
  /** Tables from which something was taken that no mapping needs any more. */
  readonly removed: readonly string[];
}

type Objects = ReturnType<typeof capturedIn>;

/** What steps would change; nothing is removed by them. Pure. */
export function plannedChange(steps: readonly Pick<CaptureStep, 'makes'>[]): CaptureChange {
  const made = steps.flatMap(({ makes }) => makes ?? []);
  const on = (type: 'trigger' | 'index') => [
    ...new Set(made.filter((one) => one.type === type).map(({ table }) => table)),
  ];
  const changelog = made.some(({ type }) => type === 'changelog');
  return { changelog, triggers: on('trigger'), indexes: on('index'), removed: [] };
}

/** Pure. */
export function captureChange(before: Objects, after: Objects): CaptureChange {
  const [was, is] = [before, after].map((objects) => new Map(objects.map((one) => [one.name, one])));
  const made = after.filter(({ name, sql }) => was?.get(name)?.sql !== sql);
  const tablesOf = (objects: Objects, type: string) => [
    ...new Set(objects.filter((one) => one.type === type).map((one) => one.tbl_name)),
  ];
  const gone = before.filter(({ name }) => is?.has(name) !== true);
  return {
    changelog: made.some(({ name }) => name === 'millrace_changelog'),
    triggers: tablesOf(made, 'trigger'),
    indexes: tablesOf(made, 'index'),
    removed: [...new Set([...tablesOf(gone, 'trigger'), ...tablesOf(gone, 'index')])],
  };
}
