import type { IdMapTransaction } from './id-map';
import type { Row } from '../record/row';
import { type Targets, targetOf } from '../record/target';

/** Postgres ids of the parents of each row, which are of one kind; undefined where one is not mapped. */
export async function parentIds(
  ids: IdMapTransaction,
  targets: Targets,
  rows: readonly Row[],
): Promise<readonly ((string | null)[] | undefined)[]> {
  const kind = rows[0]?.kind;
  const result: ((string | null)[] | undefined)[] = rows.map(() => []);
  for (const [position, parent] of (kind?.parents ?? []).entries()) {
    const wanted = rows.flatMap(({ references }, index) => {
      const reference = references[position];
      if (reference?.created === undefined) return [];
      return [{ index, identity: { id: reference.id, created: reference.created } }];
    });
    const target = targetOf(targets, parent.kind);
    const found = await ids.find(
      target.kind,
      target.table,
      wanted.map(({ identity }) => identity),
    );
    const byRow = new Map(wanted.map(({ index }, at) => [index, found[at]?.pgId]));
    for (const [index, row] of rows.entries()) {
      const pgId = row.references[position] === null ? null : byRow.get(index);
      if (pgId === undefined) result[index] = undefined;
      else result[index]?.push(pgId);
    }
  }
  return result;
}
