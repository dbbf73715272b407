import type { Column, OwnKind } from '../../kinds';
import type { OwnKeyPart } from '../../own-key';
import { decoders } from '../../own-records';
import { itemWord, itemWords, recordTypes, type RecordType } from '../../record-forms';

/** The words of a record, in the order in which people write them. */
export const recordWordsOf = (kind: OwnKind): ReadonlyMap<string, unknown> => {
  const { own, columns } = kind;
  const references = new Set(own.refers.map(({ column }) => column));
  return new Map<string, unknown>([
    ['key', keyTextOf(kind)],
    ['table', kind.table],
    ...(own.born === undefined ? [] : ([['identity', identityOf(own)]] as const)),
    ...(own.refers.length === 0 ? [] : ([['parents', new Map(parentsOf(kind))]] as const)),
    ...contentsOf(
      kind,
      columns.filter(({ column }) => !references.has(column)),
    ),
    ...(own.unique.length === 0
      ? []
      : ([['unique', own.unique.map((names) => (names.length === 1 ? names[0] : names))]] as const)),
    ...(own.none === undefined ? [] : ([['none', own.none]] as const)),
    ...(own.onConflict === undefined ? [] : ([['on_conflict', own.onConflict]] as const)),
    ['on_delete', own.onDelete],
    ...(kind.appendOnly === true ? ([['append_only', true]] as const) : []),
    ...(own.retentionDays === undefined ? [] : ([['retention', `${own.retentionDays}d`]] as const)),
  ]);
};

/** By the names that the key has for its parts. */
const identityOf = ({ parts, born }: OwnKind['own']): readonly unknown[] => [
  ...parts.map(({ column }) => column),
  born,
];

function contentsOf({ own: { item }, shape }: OwnKind, columns: readonly Column[]): [string, unknown][] {
  if (item === undefined && shape === 'text')
    return [['string', new Map(columns.map((column) => columnOf({ ...column, field: column.column })))]];
  if (item === undefined) return [[shape === 'object' ? 'json' : 'hash', new Map(columns.map(columnOf))]];
  const words = itemWords[item.each];
  const written = (field: string, type: RecordType, { required, none }: Partial<Column> = {}): unknown => {
    if (words[field] === type && required !== true && none === undefined) return field;
    return { field, type: `${type}${required === true ? '!' : ''}`, ...(none === undefined ? {} : { none }) };
  };
  const rest = columns.map((column): readonly [string, unknown] => [
    column.column,
    written(column.field, typeNamed(column.decoder), column),
  ]);
  return [
    ['each', item.each],
    ['columns', new Map([[item.column, written(itemWord[item.each], item.type)], ...rest])],
  ];
}

/** The template of the keys: `user:{id:int}`. */
export const keyTextOf = ({ prefix, own }: OwnKind): string => prefix + own.parts.map(partText).join('');

const partText = ({ column, type, rest, after }: OwnKeyPart): string =>
  `{${column}${rest ? '*' : ''}${type === 'int' ? ':int' : ''}}${after}`;

const parentsOf = ({ own, columns }: OwnKind): readonly (readonly [string, unknown])[] =>
  own.refers.map(({ column, kind: record }) => {
    const found = columns.find((one) => one.column === column);
    if (found === undefined) return [column, { record, id: `{${column}}` }];
    const required = found.required === true;
    if (found.field === column) return [column, required ? `${record}!` : record];
    return [column, { record, field: found.field, ...(required ? { required } : {}) }];
  });

export const typeNamed = (decoder: Column['decoder']): RecordType =>
  recordTypes.find((one) => decoders[one] === decoder) ?? 'text';

export function columnOf({ column, field, decoder, required, none }: Column): readonly [string, unknown] {
  const type = `${typeNamed(decoder)}${required === true ? '!' : ''}`;
  if (field === column && none === undefined) return [column, type];
  return [column, { ...(field === column ? {} : { field }), type, ...(none === undefined ? {} : { none }) }];
}
