import type { Kind, KindName, OwnKind } from '../../mapping/kinds';

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
  const key = kind.own.parts.map(({ column }) => `t.${quoteName(column)}::text`);
  return `hashtextextended(ROW(${key.join(', ')})::text, 0)`;
}

/** SQL: row t, of a table of the user's own, has the key whose parts are bound from $first on. */
export const hasOwnKey = ({ own }: OwnKind, first: number): string =>
  own.parts
    .map(
      ({ column, type }, at) =>
        `t.${quoteName(column)} = $${first + at}::${type === 'int' ? 'bigint' : 'text'}`,
    )
    .join(' AND ');

/** SQL: row t has the identity of row w, whose columns are c0, c1 and on. */
export const hasKeyOf = (identity: readonly string[]): string =>
  identity.map((name, at) => `t.${quoteName(name)} = w.c${at}`).join(' AND ');

/** `($1, $2), ($3, $4)` */
export function placeholders(rows: number, columns: number): string {
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    const cells: string[] = [];
    for (let column = 1; column <= columns; column++) cells.push(`$${row * columns + column}`);
    lines.push(`(${cells.join(', ')})`);
  }
  return lines.join(', ');
}
