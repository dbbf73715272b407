import type { Gone } from '../record/gone';
import type { BatchOutcome, Attempt } from '../write/attempt';
import { applyDeletions, deleteOthers, type Deleted, letterOfRefused, releaseDeletions } from './delete';
import type { Life } from '../record/identity';
import { writeIsolated } from '../write/isolate';
import { isOwn, type KindName } from '../../mapping/kinds';
import { deleteItems, forgetLettersOfItems, hasManyRows } from './delete-items';
import { bring } from '../identity/bring-parents';
import { withParents } from '../identity/parents';
import { type Targets, targetOf } from '../record/target';
import type { TruthReader } from '../truth/truth';
import type { Unfit } from '../record/unfit';

interface Context {
  readonly targets: Targets;
  readonly truth: TruthReader;
  readonly life: Life;
  readonly lettersExist: boolean;
}

/** Deletes the rows of a batch's deleted records. @returns the deletions that Postgres refused, with the reasons */
export async function deleteGone(
  { transaction, ids, batch, applied }: Attempt,
  deletions: readonly Gone[],
  { targets, truth, life, lettersExist }: Context,
): Promise<Deleted['refused']> {
  if (deletions.length === 0) return [];
  const { rows, refused, heirs } = await applyDeletions(transaction, targets, deletions, life);
  for (const [kind, count] of rows) countDeleted(applied, kind, count);
  if (deletions.some(({ kind }) => targetOf(targets, kind).kind.identity === 'mapped')) ids.distrust();
  for (const [name, inherited] of heirs) await bring(batch, truth, name, [...inherited]);
  const kept = new Set(refused.map(({ deletion }) => deletion));
  const gone = deletions.filter((deletion) => !kept.has(deletion));
  if (lettersExist) await releaseDeletions(transaction, targets, new Set(gone.map(({ kind }) => kind)));
  return refused;
}

/**
 * Deletes the rows of what the application took out of keys of the user's own that are still there, and its letters. To be called before the
 * batch is written, as `deleteGone`. In a careful attempt, deletions that Postgres refuses are parked.
 */
export async function deleteTakenItems(
  { transaction, batch, applied, careful }: Attempt,
  { targets, life, lettersExist }: Context,
): Promise<void> {
  const deleted = new Set<KindName>();
  for (const [key, { kind: name, id, names: left }] of batch.namesLeft) {
    const target = targetOf(targets, name);
    const { kind } = target;
    if (!isOwn(kind) || !hasManyRows(kind)) continue;
    const remove = async () => {
      if (lettersExist) await forgetLettersOfItems(transaction, kind, { id, left, life });
      return deleteItems(transaction, target, kind, { id, left, life });
    };
    const park = (_key: string, _reason: Unfit, error: unknown) => {
      batch.letters.push(letterOfRefused(kind, id, error));
    };
    const counts = careful ? await writeIsolated(transaction, [key], remove, park) : [await remove()];
    for (const count of counts) {
      countDeleted(applied, name, count);
      if (count > 0) deleted.add(name);
    }
  }
  if (lettersExist) await releaseDeletions(transaction, targets, deleted);
}

/** Deletes hyperparameters that their run's hash no longer has. In a careful attempt, deletions that Postgres refuses are parked. */
export async function deleteTakenFields(
  { transaction, ids, batch, applied, careful }: Attempt,
  targets: Targets,
): Promise<void> {
  const owners = new Map<string, string>();
  const unnamed = [...batch.namesLeft].filter(
    ([, { kind }]) => targetOf(targets, kind).kind.own === undefined,
  );
  for (const kind of new Set(unnamed.map(([, gone]) => gone.kind)))
    for (const { row, parents } of withParents(batch.of(kind), ids).resolved)
      if (parents[0] != null) owners.set(`${kind}:${row.id}`, parents[0]);
  for (const [key, { kind, id, names }] of unnamed) {
    const owner = owners.get(key);
    if (owner === undefined) continue;
    const remove = () => deleteOthers(transaction, targetOf(targets, kind), owner, names);
    const park = (_key: string, _reason: Unfit, error: unknown) => {
      batch.letters.push(letterOfRefused(targetOf(targets, kind).kind, id, error));
    };
    const deleted = careful ? await writeIsolated(transaction, [key], remove, park) : [await remove()];
    for (const count of deleted) countDeleted(applied, kind, count);
  }
}

const countDeleted = ({ deleted }: BatchOutcome, kind: KindName, count: number): unknown =>
  deleted.set(kind, (deleted.get(kind) ?? 0) + count);
