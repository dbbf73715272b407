import type { Transaction } from '../../connections/postgres/postgres';
import { type KindName, kindOf, type OwnKind, isOwn } from '../../mapping/kinds';
import { partsOf } from '../../mapping/own-key';
import type { Batch } from '../batch/batch';
import { type DeadLetter, letterOf } from '../letters/dead-letters';
import { type OwnParent, parentName } from '../record/own/own-row';
import type { Row } from '../record/row';
import { quoteName, type Target, type Targets, targetOf } from '../record/target';
import { Unfit } from '../record/unfit';
import type { TruthReader } from '../truth/truth';
import { bring, parentBytes } from './bring-parents';

interface Context {
  readonly transaction: Transaction;
  readonly targets: Targets;
  readonly truth: TruthReader;
}

/** Of records of the user's own: reads from Redis those parents that are neither in their tables nor in the batch. */
export async function bringOwnParents(batch: Batch, { transaction, targets, truth }: Context): Promise<void> {
  const budget = { bytes: parentBytes };
  // Children first, so that a parent that was added brings its own.
  for (const name of [...targets.keys()].reverse()) {
    if (!isOwn(targetOf(targets, name).kind)) continue;
    for (const [parent, missing] of await missingParents(transaction, targets, batch.of(name))) {
      const kind = kindOf(truth.catalogue, parent);
      const coming = new Set(batch.of(parent).map(({ own }) => own?.key[0]));
      if (!isOwn(kind)) continue;
      // A value with a colon names no record, and its key may be of another mapping.
      const absent = [...missing]
        .filter((value) => !coming.has(value))
        .map((value) => parentName(kind, value))
        .filter((id) => partsOf(kind.own, id) !== undefined);
      await bring(batch, truth, parent, absent, budget);
    }
  }
}

/** Rows whose parents are in their tables, and the letters of the others. */
export async function withOwnParents(
  transaction: Transaction,
  targets: Targets,
  rows: readonly Row[],
): Promise<{ readonly fit: readonly Row[]; readonly letters: readonly DeadLetter[] }> {
  const missing = await missingParents(transaction, targets, rows);
  const letters: DeadLetter[] = [];
  const fit = rows.filter((row) => {
    const orphan = row.own?.refers.find(({ kind, value }) => missing.get(kind)?.has(value));
    if (orphan !== undefined) letters.push(letterOfOrphan(row, orphan, targets));
    return orphan === undefined;
  });
  return { fit, letters };
}

/** The values of parents' keys that their tables lack, by kind. */
async function missingParents(
  transaction: Transaction,
  targets: Targets,
  rows: readonly Row[],
): Promise<ReadonlyMap<KindName, ReadonlySet<string>>> {
  const wanted = new Map<KindName, Set<string>>();
  for (const { own } of rows)
    for (const { kind, value } of own?.refers ?? [])
      wanted.set(kind, (wanted.get(kind) ?? new Set()).add(value));
  for (const [name, values] of wanted) {
    const target = targets.get(name); // none: the parent's mapping is not served, and so it has no rows
    if (target === undefined || !isOwn(target.kind)) continue;
    for (const value of await present(transaction, target, target.kind, [...values])) values.delete(value);
  }
  return wanted;
}

async function present(
  transaction: Transaction,
  { table }: Target,
  { own: { parts } }: OwnKind,
  values: readonly string[],
): Promise<readonly string[]> {
  const [part] = parts;
  if (part === undefined) return [];
  const { column, type } = part;
  const sql = `SELECT t.${quoteName(column)}::text AS key FROM ${table} t WHERE t.${quoteName(column)} = ANY ($1::${type === 'int' ? 'bigint' : 'text'}[])`;
  return (await transaction.query(sql, [values])).map(({ key }) => key ?? '');
}

function letterOfOrphan({ found }: Row, orphan: OwnParent, targets: Targets): DeadLetter {
  const message = `waits for ${orphan.kind} ${orphan.value}, which is not there`;
  const kind = targets.get(orphan.kind)?.kind;
  const id = kind !== undefined && isOwn(kind) ? parentName(kind, orphan.value) : orphan.value;
  return letterOf(found, new Unfit('E_PARENT', orphan.column, message), `${orphan.kind}:${id}`);
}
