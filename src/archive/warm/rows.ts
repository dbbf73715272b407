import type { TextRow } from '../../connections/postgres/postgres';
import { type Kind, withIds } from '../../mapping/kinds';
import { quoteName, type Target } from '../record/target';
import type { MemberForms } from './member-form';
import { fieldOf, newestFirst, asPythonTime, Unlike } from './python-form';
import type { RestoredParent, PartToRestore, RecordToRestore } from './restorer';
import { md5 } from '../record/row';

/** SQL: the columns of a kind, of row t; times in UTC. */
export const columnValues = ({ kind, types }: Target): readonly string[] =>
  kind.columns.map(({ column }) => {
    const name = `t.${quoteName(column)}`;
    return types.get(column)?.endsWith('with time zone') === true
      ? `(${name} AT TIME ZONE 'UTC')::text`
      : name;
  });

/** SQL: the parents and columns of a kind, for a SELECT from `t`, named p0 … and c0 …; times in UTC. */
export function selected(target: Target): string {
  const parents = target.kind.parents.map(({ column }, index) => `t.${quoteName(column)} AS p${index}`);
  const columns = columnValues(target).map((value, index) => `${value} AS c${index}`);
  return [...parents, ...columns].join(', ');
}

/** Fields of a kind's hash, in the order of the layout: its id, its parents, the rest. */
export function fieldsOf(kind: Kind): readonly string[] {
  const fields = kind.columns.map(({ field }) => field);
  // The hash of a keyed record has its parents' ids too, although the key names them.
  if (kind.identity === 'keyed') return [...kind.parents.map(({ column }) => column), ...fields];
  return ['id', ...kind.parents.map(({ from }) => String(from)), ...fields];
}

/** The entry of a record in the index of its kind. @param parents the parents' ids in Redis */
function entryOf(
  { index }: Kind,
  { id, created, parents }: { id: string; created: string; parents: readonly string[] },
): RecordToRestore['index'] {
  if (index === undefined) return { key: '', score: '', member: '' };
  const score = { id, newest: index.by === 'newest' ? newestFirst(created) : '', set: '' }[index.by];
  return {
    key: withIds(index.key, parents),
    score,
    member: index.member === undefined ? id : withIds(index.member, parents),
  };
}

/** The parents of a row's record. */
export interface Lineage {
  /** One for each parent of the kind; undefined: the record has none, or it is not in Redis. */
  readonly parents: readonly (RestoredParent | undefined)[];
  readonly orphaned: boolean;
}

/**
 * The record that a row came from.
 * @throws Unlike when it cannot be written so that it would be read back as the same
 */
export function toRecord(
  { kind, types }: Target,
  row: TextRow,
  { parents, orphaned }: Lineage,
): RecordToRestore {
  const values = kind.columns.map((column, index) =>
    fieldOf(column, types.get(column.column) ?? 'text', row[`c${index}`] ?? null),
  );
  const parentIds = parents.map((parent) => parent?.id ?? '0');
  const lineage = { parents: parents.filter((parent) => parent !== undefined), orphaned };
  if (kind.identity === 'keyed') {
    requireDigest(row['redis_key'] ?? '', kind.name);
    const id = parentIds.join(':');
    const index = entryOf(kind, { id, created: '', parents: parentIds });
    return { id, created: '', ...lineage, index, name: '', values: [...parentIds, ...values] };
  }
  const id = row['redis_id'] ?? '';
  const born = kind.columns.findIndex(({ field }) => field === kind.created);
  let created = values[born] ?? '';
  if (kind.identity === 'mapped') {
    const mapped = asPythonTime(row['created'] ?? '');
    // The creation time was changed in Postgres: with the old one a daemon would change the row back, with the new one it is another
    // record. (A row that follows another record has that one's time.)
    if (row['owned'] === 't' && mapped !== created)
      throw new Unlike('the creation time was changed in Postgres');
    created = values[born] = mapped;
  }
  const index = entryOf(kind, { id, created, parents: parentIds });
  const name = kind.names === undefined ? '' : (values[0] ?? '');
  return { id, created, ...lineage, index, name, values: [id, ...parentIds, ...values] };
}

/** A field of a hash. @throws Unlike */
export function toField(
  [key, first, second]: readonly [string, string | null, string | null],
  { prefix, columns }: Kind,
  parent: RestoredParent,
): PartToRestore {
  if (first === null || second === null)
    throw new Unlike(`${columns.map(({ column }) => column).join(' or ')} is NULL`);
  requireDigest(key, first);
  return { parent, key: prefix + parent.id, first, second };
}

/** A member of a sorted set, under the key that it tells itself. @throws Unlike */
export function toMember(
  forms: MemberForms,
  row: TextRow,
  kind: Kind,
  parent: RestoredParent,
): PartToRestore {
  const { columns, prefix, series = { key: [], score: [] } } = kind;
  const values = columns.map((_column, index) => row[`c${index}`] ?? null);
  const missing = columns.find(({ required }, index) => required && values[index] === null);
  if (missing !== undefined) throw new Unlike(`${missing.column} is NULL`);
  const second = forms.member(columns, values, row['redis_key'] ?? '');
  if (second === undefined) throw new Unlike('no known way of writing it has these bytes');
  const valueOf = (name: string) => values[columns.findIndex(({ field }) => field === name)] ?? null;
  const named = series.key.map((name) => `:${valueOf(name) ?? series.absent?.[name] ?? ''}`);
  const score = series.score.map(valueOf).find((value) => value !== null);
  return { parent, key: `${prefix}${parent.id}${named.join('')}`, first: score ?? '0', second };
}

function requireDigest(redisKey: string, distinction: string): void {
  if (redisKey.replaceAll('-', '') !== md5(distinction)) throw new Unlike('it was changed in Postgres');
}
