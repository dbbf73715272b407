import type { Column, Kind, RecordIndex } from '../../kinds';
import { columnOf, typeNamed } from './write-records';

type Words = readonly (readonly [string, unknown])[];

/** The words of a record that is told from others that have had its key, in the order in which people write them. */
export function identifiedWordsOf(kind: Kind): ReadonlyMap<string, unknown> {
  const { aside, table, natural, appendOnly, carried, lasts, counter, index, names, told, statistic } = kind;
  return new Map<string, unknown>([
    ['key', keyOf(kind)],
    ...given('except', aside),
    ['table', table],
    ['identity', kind.identity === 'keyed' ? 'parents' : [idPart, createdOf(kind)]],
    ...given('append_only', appendOnly),
    ...given('by_value', carried),
    ...given('parents', kind.parents.length === 0 ? undefined : new Map(kind.parents.map(parentOf(kind)))),
    ...contentsOf(kind),
    ...given('unique', natural && [natural]),
    ...given('lasts', lasts),
    ...given('counter', counter),
    ...given('index', index && indexOf(index, kind)),
    ...given('names', names),
    ...given('announce', told),
    ['statistic', statistic ?? false],
  ]);
}

const given = (word: string, value: unknown): Words => (value === undefined ? [] : [[word, value]]);

const idPart = 'id';

/** The column with the creation time. */
const createdOf = ({ columns, created }: Kind): string =>
  columns.find(({ field }) => field === created)?.column ?? '';

/** The last part that is no id may have colons. */
export function keyOf({ prefix, identity, parents, series }: Kind): string {
  if (identity !== 'keyed') return `${prefix}{${idPart}:int}`;
  const own = series?.key ?? [];
  const parts = [
    ...parents.map(({ column }) => `${column}:int`),
    ...own.map((name, at) => (at === own.length - 1 ? `${name}*` : name)),
  ];
  return prefix + parts.map((part) => `{${part}}`).join(':');
}

const parentOf =
  ({ identity }: Kind) =>
  ({ column, kind: record, from, optional }: Kind['parents'][number]): readonly [string, unknown] => {
    if (identity === 'keyed') return [column, { record, id: `{${column}}` }];
    const required = optional !== true;
    if (from === column) return [column, required ? `${record}!` : record];
    return [column, { record, field: from, ...(required ? { required } : {}) }];
  };

function contentsOf({ shape, columns, series }: Kind): Words {
  if (shape === 'hash') return [['hash', new Map(columns.map(columnOf))]];
  const each = ['each', shape === 'fields' ? 'field' : 'member'] as const;
  if (shape === 'fields') {
    const [name, value] = columns.map(({ column }) => column);
    return [each, ['columns', new Map([[name, '$field'] as const, [value, '$value'] as const])]];
  }
  return [
    each,
    ['columns', new Map(columns.map(memberOf))],
    ['score', series?.score],
    ...given('absent', series?.absent),
  ];
}

const memberOf = ({ column, field, decoder, required, none }: Column): readonly [string, unknown] => [
  column,
  {
    field,
    type: `${typeNamed(decoder)}${required === true ? '!' : ''}`,
    ...(none === undefined ? {} : { none }),
  },
];

/** `{0}` is the column of the first parent. */
function indexOf({ key, by, member }: RecordIndex, { parents }: Kind): RecordIndex {
  const named = (text: string): string =>
    text.replace(/\{(\d)\}/g, (_place, at: string) => `{${parents[Number(at)]?.column ?? ''}}`);
  return { key: named(key), by, ...(member === undefined ? {} : { member: named(member) }) };
}
