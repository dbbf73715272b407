import type { RecordPlan } from '../archive/inspect/plan-records';
import type { AliasStores } from '../config/load';
import { hasChanges, type MappingPlan, type Plan } from '../control/plan';
import { fatal } from '../foundation/errors';
import { harmless } from '../foundation/harmless';
import { inFew } from '../foundation/in-few';
import { describeAlias } from './describe-difference';

const signs = { known: '=', changed: '~', new: '+', claimed: '+', unserved: '!' } as const;
const words = {
  known: '',
  changed: 'changed',
  new: 'new',
  claimed: 'new',
  unserved: 'cannot be served',
} as const;

/** @throws E_NO_MAPPINGS (fatal) where there is nothing that could be planned */
export function requireMappingsOf({ aliasTables, documents }: AliasStores): void {
  if (aliasTables.length + documents.length > 0) return;
  throw fatal('the file of mappings has no documents, and includes none', {
    code: 'E_NO_MAPPINGS',
    hint: 'Name some under `documents:`, or write `include: [sports-aliases]`; `millrace config init --stdout` proposes.',
  });
}

/** What the mappings would do, a paragraph each. */
export function tellPlan(plan: Plan, { dbPath, redis }: AliasStores): readonly string[] {
  const { mappings, left, capture } = plan;
  const takers = mappings.filter(({ takes }) => takes > 0).map(({ name }) => name);
  return [
    `${dbPath} -> Redis at ${redis.display}`,
    ...mappings.flatMap(tellMapping),
    ...left.flatMap(({ name, prefix }) => [
      `- ${name}  ${prefix}*  taken out: its keys stay as they are`,
      `    → to delete them: millrace config apply --forget ${name} --delete-keys`,
    ]),
    ...(capture.length === 0 ? [] : [`SQLite: ${inFew(capture)}`]),
    hasChanges(plan) ? 'Nothing was changed. To do it: millrace config apply' : 'Nothing to do.',
    ...(takers.length === 0
      ? []
      : [
          `Some keys hold something else now. To have it replaced: millrace config apply --yes ${takers.join(' ')}`,
        ]),
  ];
}

function tellMapping(mapping: MappingPlan): readonly string[] {
  const { name, key, state, message, hint, takes, samples } = mapping;
  const head = [signs[state], name, key, words[state]].filter((word) => word !== '').join('  ');
  if (state === 'unserved')
    return [`${head}: ${message ?? ''}`, ...(hint === undefined ? [] : [`    → ${hint}`])];
  const taken =
    takes === 0
      ? ''
      : `; ${counted(takes, 'key')} of them ${takes === 1 ? 'holds' : 'hold'} something that is not ours`;
  return [`${head}: ${work(mapping)}${taken}`, ...samples.map((sample) => `    ${describeAlias(sample)}`)];
}

function work({ total, add, update, delete: remove }: MappingPlan): string {
  const parts = [
    ...(add > 0 ? [`${add} to add`] : []),
    ...(update > 0 ? [`${update} to change`] : []),
    ...(remove > 0 ? [`${remove} to delete`] : []),
  ];
  return `${counted(total, 'key')}, ${parts.length === 0 ? 'in step' : parts.join(', ')}`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** What the records of the file of mappings would do, a paragraph each. Pure. */
export const tellRecordPlan = (plans: readonly RecordPlan[]): readonly string[] =>
  plans
    .flatMap(({ name, prefix, table, state, steps, problems, rows, keys, differ }) => [
      `record ${name}: ${prefix}… to table ${table}, ${stateInWords(state, rows)}; ${keys} keys, ${differ} to be written`,
      ...steps.map(({ thing, sql }) => `  + ${thing}${thing.startsWith('table ') ? '' : `: ${sql}`}`),
      ...problems.flatMap(({ message, hint }) => [`  ! ${message}`, `    ${hint}`]),
    ])
    .map(harmless);

function stateInWords(state: RecordPlan['state'], rows: number): string {
  const there = rows > 0 ? ` (about ${rows} rows; those with the key of a record take its contents)` : '';
  switch (state) {
    case 'new table':
      return 'which is made';
    case 'adopted':
      return `which is adopted${there}`;
    case 'in place':
      return `which is in place${rows > 0 ? ` (about ${rows} rows)` : ''}`;
    case 'stopped':
      return 'which cannot take the records';
  }
}
