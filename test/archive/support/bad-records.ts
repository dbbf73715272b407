import type Redis from 'ioredis';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { type KindName, kindOf } from '../../../src/mapping/kinds';

/** A good record of each kind that lives in a hash; its parents have the id 1. */
const at = '2026-01-05T14:30:00.000001';
export const goodFields: Readonly<Partial<Record<KindName, Readonly<Record<string, string>>>>> = {
  model: {
    ...{ name: 'good', description: '', architecture: '', framework: '', task_type: '', input_shape: '' },
    ...{ output_shape: '', created_at: at, updated_at: at },
  },
  dataset: {
    ...{ name: 'good', description: '', source_path: '', format: '', size_bytes: '0', num_samples: '0' },
    ...{ split_info: '{}', preprocessing: '{}', created_at: at },
  },
  experiment: {
    ...{ name: 'good', description: '', hypothesis: '', status: '', created_at: at, completed_at: '' },
    results: '{}',
  },
  version: { model_id: '1', version: 'good', checkpoint_path: '', config: '{}', status: '', created_at: at },
  run: {
    ...{ model_version_id: '1', dataset_id: '0', run_name: '', status: '', started_at: at, completed_at: '' },
    ...{ duration_seconds: '0', final_loss: '0', best_metric_value: '0', artifacts: '{}' },
  },
  exprun: { variant_name: '', notes: '' },
  prediction: {
    ...{ model_version_id: '1', input: '{}', output: '{}', confidence: '0', inference_time_ms: '0' },
    ...{ timestamp: at, metadata: '{}' },
  },
};

export interface BadRecord {
  readonly key: string;
  readonly fields: Readonly<Record<string, string | Buffer>>;
  /** `<code> <column>` */
  readonly letter: string;
  /** As it should have been. */
  readonly good: Readonly<Record<string, string>>;
}

/** Names must differ, or one would be taken for another. */
function goodOf(kind: KindName, id: string): Readonly<Record<string, string>> {
  const fields = goodFields[kind] ?? {};
  const [name] = ['name', 'version'].filter((field) => field in fields);
  return name === undefined ? fields : { ...fields, [name]: `${kind} ${id}` };
}

let serial = 1_000;

/** A record that is good but for these fields; undefined leaves one out. */
export function spoilt(
  kind: KindName,
  change: Readonly<Record<string, string | Buffer | undefined>>,
  letter: string,
): BadRecord {
  const number = String(++serial);
  const id = kind === 'exprun' ? `1:${number}` : number;
  const good = goodOf(kind, id);
  const fields = Object.entries({ ...good, ...change }).filter(([, value]) => value !== undefined);
  return {
    key: `aidb:${kind}:${id}`,
    fields: Object.fromEntries(fields) as BadRecord['fields'],
    letter,
    good,
  };
}

const hashKinds = [...aiRegistry.keys()].filter((kind) => kind in goodFields);

/** What no text column takes, in each of them. */
export const unstorableTexts = (text: string | Buffer, code: string): BadRecord[] =>
  hashKinds.flatMap((kind) =>
    kindOf(aiRegistry, kind)
      .columns.filter(({ decoder }) => decoder === 'text' || decoder === 'json')
      .map(({ column, field }) => spoilt(kind, { [field]: text }, `${code} ${column}`)),
  );

/** What no JSON column takes, in each of them. */
export const noJson = (text: string): BadRecord[] =>
  hashKinds.flatMap((kind) =>
    kindOf(aiRegistry, kind)
      .columns.filter(({ decoder }) => decoder === 'json')
      .map(({ column, field }) => spoilt(kind, { [field]: text }, `22P02 ${column}`)),
  );

export async function writeAll(
  client: Redis,
  records: readonly BadRecord[],
  which: 'fields' | 'good',
): Promise<void> {
  const commands = client.pipeline();
  for (const record of records) {
    if (/^aidb:exprun/.test(record.key)) {
      const [, run = ''] = record.key.slice('aidb:exprun:'.length).split(':');
      commands.hset(`aidb:run:${run}`, goodFields['run'] ?? {});
    }
    commands.hset(record.key, { ...record[which] });
  }
  await commands.exec();
}

/** The records with the id 1 that others refer to. */
export async function writeParents(client: Redis): Promise<void> {
  for (const kind of ['model', 'dataset', 'experiment', 'version', 'run'] as const)
    await client.hset(`aidb:${kind}:1`, { ...goodFields[kind] });
}
