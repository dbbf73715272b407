import type { Column, OwnKind } from '../../kinds';
import type { OwnKeyPart } from '../../own-key';
import { decoders, recordTypes, type RecordType } from '../../own-records';

/** The words of a record, in the order in which people write them. */
export const recordWordsOf = (kind: OwnKind): ReadonlyMap<string, unknown> => {
  const { own, columns } = kind;
  const references = new Set(own.refers.map(({ column }) => column));
  return new Map<string, unknown>([
    ['key', kind.prefix + own.parts.map(partText).join('')],
    ['table', kind.table],
    ...(own.refers.length === 0 ? [] : ([['parents', new Map(parentsOf(kind))]] as const)),
    [
      kind.shape === 'object' ? 'json' : 'hash',
      new Map(columns.filter(({ column }) => !references.has(column)).map(columnOf)),
    ],
    ...(own.unique.length === 0
      ? []
      : ([['unique', own.unique.map((names) => (names.length === 1 ? names[0] : names))]] as const)),
    ...(own.none === undefined ? [] : ([['none', own.none]] as const)),
    ['on_delete', own.onDelete],
  ]);
};

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

function columnOf({ column, field, decoder, required }: Column): readonly [string, unknown] {
  const named: RecordType = recordTypes.find((one) => decoders[one] === decoder) ?? 'text';
  const type = `${named}${required === true ? '!' : ''}`;
  return [column, field === column ? type : { field, type }];
}
