import type { Applied } from '../control/apply';
import type { CaptureChange } from '../control/capture-change';
import {
  hasChanges,
  hasFaults,
  type MappingPlan,
  type Plan,
  type Planned,
  type PostgresPlan,
} from '../control/plan';
import type { LeftRecords } from '../archive/inspect/left-records';
import type { RecordPlan } from '../archive/inspect/plan-records';
import { sentence, tableOf } from '../archive/schema/things';
import { harmless } from '../foundation/harmless';
import { inFew } from '../foundation/in-few';
import { describeAlias } from './describe-difference';

const signs = {
  known: '=',
  unwritten: '~',
  changed: '~',
  new: '+',
  claimed: '+',
  unserved: '!',
  absent: '=',
} as const;
const words = {
  known: '',
  unwritten: 'not all written yet',
  changed: 'changed',
  new: 'new',
  claimed: 'new',
  unserved: 'cannot be served',
  absent: 'built in, and not served here',
} as const;

/** What the mappings would do, a paragraph each. */
export function tellPlan(
  plan: Plan,
  { dbPath, redis, pipelines, postgres: target }: Planned,
): readonly string[] {
  const { mappings, left, leftRecords, capture, postgres, records } = plan;
  const takers = mappings.filter(({ takes }) => takes > 0).map(({ name }) => name);
  return [
    ...(pipelines.includes('aliases') ? [`${dbPath} -> Redis at ${redis.display}`] : []),
    ...mappings.flatMap(tellMapping),
    ...left.flatMap(({ name, prefix }) => [
      `- ${name}  ${prefix}*  taken out: its keys stay as they are`,
      `    → to delete them: millrace config apply --forget ${shellWord(name)} --delete-keys`,
    ]),
    ...(capture === null ? [] : tellCapture(capture, 'to install')),
    ...(postgres === null
      ? []
      : [
          `Redis at ${redis.display} -> Postgres at ${target?.display ?? ''}`,
          ...tellRecordPlan(records),
          ...tellPostgres(postgres, records),
        ]),
    ...leftRecords.flatMap(tellLeft),
    hasChanges(plan)
      ? 'Nothing was changed. To do it: millrace config apply'
      : hasFaults(plan)
        ? 'Nothing else to do.'
        : 'Nothing to do.',
    ...(takers.length === 0
      ? []
      : [
          `Some keys hold something else now. To have it replaced: millrace config apply --yes ${takers.join(' ')}`,
        ]),
  ];
}

/** A record that was taken out. */
const tellLeft = ({ name, prefix, table, parked }: LeftRecords): readonly string[] =>
  [
    `- record ${name}: ${prefix}…  taken out: the rows of ${table} stay as they are${parked === 0 ? '' : `; ${counted(parked, 'record')} of it ${parked === 1 ? 'is' : 'are'} parked`}`,
    `    → to forget it${parked === 0 ? '' : `, and ${parked === 1 ? 'that one' : 'those'}`}: millrace config apply --forget ${shellWord(name)}`,
  ].map(harmless);

/** The prefix in a name may have spaces and quotes. */
const shellWord = (text: string): string =>
  /^[\w@:.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

const isOurs = (thing: string): boolean =>
  / millrace(?:\.|$)/.test(thing) || tableOf(thing)?.startsWith('millrace.') === true;

/** What Postgres lacks: each thing of the records' tables, and how much of Millrace's own. */
function tellPostgres(
  { schema, things, failed }: PostgresPlan,
  records: readonly RecordPlan[],
): readonly string[] {
  const told = new Set(records.flatMap(({ steps }) => steps.map(({ thing }) => thing)));
  const theirs = things.filter((thing) => !isOurs(thing) && !told.has(thing));
  const ours = things.filter(isOurs).length;
  return [
    ...theirs.map((thing) => `+ ${thing}`),
    ...(ours === 0 ? [] : [`+ ${counted(ours, 'thing')} of Millrace's own, in the schema millrace`]),
    ...failed
      .filter(({ kind }) => !records.some(({ name }) => name === kind))
      .flatMap(({ kind, message, hint }) => [`! ${kind}  cannot be served: ${message}`, `    → ${hint}`]),
    ...(things.length + failed.length === 0 ? [`= the schema ${schema} has all that the records need`] : []),
  ];
}

/** What was done, a line each. */
export function tellApplied({
  cache,
  postgres,
  forgotten,
  forgottenRecords,
  daemons,
}: Applied): readonly string[] {
  return [
    ...(cache === null ? [] : tellCapture(cache.capture, 'installed')),
    ...(cache?.absent ?? []).map(
      ({ type, table }) => `${type} is built in, and not served here: there is no table ${table}`,
    ),
    ...(postgres?.steps ?? []).flatMap(({ thing }) =>
      isOurs(thing) ? [] : [`Postgres: ${sentence(thing)}`],
    ),
    ...(postgres?.steps.some(({ thing }) => isOurs(thing)) === true
      ? ['Postgres: created what Millrace keeps for itself, in the schema millrace']
      : []),
    ...forgotten.map(({ name, prefix, deleted }) =>
      deleted === undefined
        ? `${name} is forgotten; the keys ${prefix}* stay`
        : `${name} is forgotten, with ${counted(deleted, 'key')} ${prefix}*`,
    ),
    ...forgottenRecords.map(({ name, table, parked }) =>
      harmless(
        `record ${name} is forgotten${parked === 0 ? '' : `, with ${counted(parked, 'parked record')}`}; the rows of ${table} stay`,
      ),
    ),
    ...daemons.map(({ by, says }) => `Daemon ${by}: ${says}`),
    ...(daemons.length === 0 ? ['No daemon has answered. Start one: millrace run'] : []),
  ];
}

/** `SQLite: installed the changelog, triggers on products, categories` */
function tellCapture(
  { changelog, triggers, indexes, removed }: CaptureChange,
  done: 'to install' | 'installed',
): readonly string[] {
  const made = [
    ...(changelog ? ['the changelog'] : []),
    ...(triggers.length === 0 ? [] : [`triggers on ${inFew(triggers)}`]),
    ...(indexes.length === 0
      ? []
      : [`${indexes.length === 1 ? 'an index' : 'indexes'} on ${inFew(indexes)}`]),
  ];
  return [
    ...(made.length === 0 ? [] : [`SQLite: ${done} ${made.join(', ')}`]),
    ...(removed.length === 0
      ? []
      : [`SQLite: removed what no mapping needs any more, from ${inFew(removed)}`]),
  ];
}

function tellMapping(mapping: MappingPlan): readonly string[] {
  const { name, key, state, message, hint, takes, samples } = mapping;
  const head = [signs[state], name, key, words[state]].filter((word) => word !== '').join('  ');
  if (state === 'unserved' || state === 'absent')
    return [
      `${head}: ${message ?? ''}`,
      ...(hint === undefined || state === 'absent' ? [] : [`    → ${hint}`]),
    ];
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
    .flatMap((plan) => [
      `record ${plan.name}: ${plan.key} to table ${plan.table}, ${stateInWords(plan)}; ${counted(plan.keys, 'key')}, ${plan.differ} to be written${leftInWords(plan)}`,
      ...plan.steps.map(({ thing, sql }) => `  + ${thing}${thing.startsWith('table ') ? '' : `: ${sql}`}`),
      ...plan.problems.flatMap(({ message, hint }) => [`  ! ${message}`, `    ${hint}`]),
      ...(plan.unsaid === null
        ? []
        : [
            `  ${counted(plan.unsaid, 'row')} of ${plan.table} ${plan.unsaid === 1 ? 'has' : 'have'} the key of a record`,
          ]),
    ])
    .map(harmless);

const leftInWords = ({ skipped }: RecordPlan): string =>
  skipped === 0 ? '' : `, ${counted(skipped, 'row')} left as ${skipped === 1 ? 'it was' : 'they were'}`;

const rowsThere = {
  overwritten: 'those with the key of a record take its contents',
  left: 'those with the key of a record stay as they are',
  filled: 'those with the key of a record get what they have no value for',
} as const;

function stateInWords({ state, rows, rowsThere: becomes }: RecordPlan): string {
  const there = rows > 0 ? ` (about ${counted(rows, 'row')}; ${rowsThere[becomes]})` : '';
  switch (state) {
    case 'new table':
      return 'which is made';
    case 'adopted':
      return `which is adopted${there}`;
    case 'in place':
      return `which is in place${rows > 0 ? ` (about ${counted(rows, 'row')})` : ''}`;
    case 'stopped':
      return 'which cannot take the records';
  }
}
