import type { Kind, KindName, OwnKind } from '../../mapping/kinds';
import { type IdentityColumn, identityOfOwn } from '../../mapping/own-key';

/** A kind's table as this database has it. */
export interface Target {
  readonly kind: Kind;
  /** The table's name, quoted and qualified: it goes into SQL as it is. */
  readonly table: string;
  /** The sequence behind its id column, quoted and qualified. */
  readonly sequence: string;
  /** The type of each column, as format_type prints it. */
  readonly types: ReadonlyMap<string, string>;
}

export type Targets = ReadonlyMap<KindName, Target>;

export function targetOf(targets: Targets, name: KindName): Target {
  const target = targets.get(name);
  if (target === undefined) throw new Error(`no target for ${name}`);
  return target;
}

/** Column names are ours (kinds.ts), but `timestamp` and the like need the quotes. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** SQL: a number for row t that stays the same: its id, or of a table of the user's own, which may have none, a hash of its key. */
export function rowNumber({ kind }: Pick<Target, 'kind'>): string {
  if (kind.own === undefined) return 't.id';
  const key = identityOfOwn(kind.own).map(textOf);
  return `hashtextextended(ROW(${key.join(', ')})::text, 0)`;
}

/** SQL: the text of a column of row t that tells it from others, as the record has it: of one time there is one, whatever zone the session is in. */
export const textOf = ({ column, type }: IdentityColumn): string =>
  type === 'time'
    ? `to_char(t.${quoteName(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US"+00"')`
    : `t.${quoteName(column)}::text`;

/** The type in which Postgres is given a value by which a row of the user's own is found. */
export const identityTypeOf: Readonly<Record<IdentityColumn['type'], string>> = {
  text: 'text',
  int: 'bigint',
  uuid: 'uuid',
  bytes: 'bytea',
  time: 'timestamptz',
};

/** SQL: row t, of a table of the user's own, is the one whose identity is bound from $first on. */
export const hasOwnIdentity = ({ own }: OwnKind, first: number): string => isEqual(identityOfOwn(own), first);

/** SQL: row t, of a table of the user's own, is of the key whose parts are bound from $first on. */
export const hasOwnKey = ({ own }: OwnKind, first: number): string =>
  own.parts.length === 0 ? 'true' : isEqual(own.parts, first);

const isEqual = (columns: readonly IdentityColumn[], first: number): string =>
  columns
    .map(({ column, type }, at) => `t.${quoteName(column)} = $${first + at}::${identityTypeOf[type]}`)
    .join(' AND ');

/** SQL: row t has the identity of row w, whose columns are c0, c1 and on. */
export const hasKeyOf = (identity: readonly string[]): string =>
  identity.map((name, at) => `t.${quoteName(name)} = w.c${at}`).join(' AND ');
