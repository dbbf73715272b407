import { type Identified, identifiedHolds } from './identified';
import type { Column, Kind, Parent, Series } from './kinds';
import { decoders, type RecordMapping } from './own-records';

const shapes: Readonly<Record<(typeof identifiedHolds)[number], Kind['shape']>> = {
  hash: 'hash',
  field: 'fields',
  member: 'members',
};

/** @throws an Error for a mapping that holds anything else, which the reader refuses */
export function identifiedKind(mapping: RecordMapping, identified: Identified): Kind {
  const { name, table, key, unique, appendOnly } = mapping;
  const { by, created, aside, counter, index, names, lasts, byValue, told, statistic } = identified;
  const holds = identifiedHolds.find((one) => one === mapping.holds);
  if (holds === undefined) throw new Error(`${name}: its records have no identity but their keys`);
  const shape = shapes[holds];
  const parents = parentsOf(mapping);
  const [natural] = unique;
  const packed = byValue && shape === 'hash';
  return {
    ...{ name, prefix: key.prefix, table, shape, parents, columns: mapping.columns.map(columnOf) },
    identity: by === 'parents' ? 'keyed' : appendOnly ? 'dated' : 'mapped',
    ...(shape === 'members' ? { series: seriesOf(mapping, identified) } : {}),
    ...(created === undefined ? {} : { created }),
    ...(natural === undefined ? {} : { natural }),
    ...(appendOnly ? { appendOnly } : {}),
    ...(byValue ? { carried: true } : {}),
    ...(packed ? { packed } : {}),
    ...(index === undefined ? {} : { index: numbered(index, parents) }),
    ...(aside === undefined ? {} : { aside }),
    ...(counter === undefined ? {} : { counter }),
    ...(names === undefined ? {} : { names }),
    ...(lasts === undefined ? {} : { lasts }),
    ...(told === undefined ? {} : { told }),
    ...(statistic === undefined ? {} : { statistic }),
  };
}

const parentsOf = ({ key, parents }: RecordMapping): readonly Parent[] =>
  parents.map(({ column, record, from }): Parent => {
    if ('part' in from)
      return { column, kind: record, from: key.parts.findIndex((part) => part.column === from.part) };
    return { column, kind: record, from: from.field, ...(from.required ? {} : { optional: true }) };
  });

/** `$field` and `$value` have no name in Redis: people know them by that of the column. */
const columnOf = ({ column, field, type, required, none }: RecordMapping['columns'][number]): Column => ({
  ...{ column, field: field.startsWith('$') ? column : field, decoder: decoders[type] },
  ...(required ? { required } : {}),
  ...(none === undefined ? {} : { none }),
});

/** The parts of the key behind the parents are fields of the member, too. */
function seriesOf({ key, parents, columns }: RecordMapping, { score = [], absent }: Identified): Series {
  const own = key.parts.slice(parents.length).map(({ column }) => column);
  const names = own.map((name) => columns.find(({ column }) => column === name)?.field ?? name);
  return { key: names, score, ...(absent === undefined ? {} : { absent }) };
}

/** `{model_id}` is `{0}`: the place of the parent. */
function numbered(index: NonNullable<Kind['index']>, parents: readonly Parent[]): NonNullable<Kind['index']> {
  const places = (text: string): string =>
    text.replace(
      /\{([^{}]+)\}/g,
      (_place, name: string) => `{${parents.findIndex(({ column }) => column === name)}}`,
    );
  const { key, by, member } = index;
  return { key: places(key), by, ...(member === undefined ? {} : { member: places(member) }) };
}
