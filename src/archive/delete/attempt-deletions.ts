import type { Gone } from '../record/gone';
import type { BatchOutcome, Attempt } from '../write/attempt';
import { applyDeletions, deleteOthers, type Deleted, letterOfRefused, releaseDeletions } from './delete';
import type { Life } from '../record/identity';
import { writeIsolated } from '../write/isolate';
import { type KindName, kinds } from '../../mapping/kinds';
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

/** Deletes what can be deleted. @returns the rest, with the reasons */
export async function deleteGone(
  { transaction, ids, batch, applied }: Attempt,
  deletions: readonly Gone[],
  { targets, truth, life, lettersExist }: Context,
): Promise<Deleted['refused']> {
  if (deletions.length === 0) return [];
  const { rows, refused, heirs } = await applyDeletions(transaction, targets, deletions, life);
  for (const [kind, count] of rows) countDeleted(applied, kind, count);
  if (deletions.some(({ kind }) => kinds[kind].identity === 'mapped')) ids.distrust();
  for (const [name, inherited] of heirs) await bring(batch, truth, name, [...inherited]);
  const kept = new Set(refused.map(({ deletion }) => deletion));
  const gone = deletions.filter((deletion) => !kept.has(deletion));
  if (lettersExist) await releaseDeletions(transaction, new Set(gone.map(({ kind }) => kind)));
  return refused;
}

/** Deletes hyperparameters that their run's hash no longer has; what Postgres refuses is parked, in a careful attempt. */
export async function deleteUnnamed(
  { transaction, ids, batch, applied, careful }: Attempt,
  targets: Targets,
): Promise<void> {
  const runs = new Map<string, string>();
  for (const { row, parents } of withParents(batch.of('hyperparam'), ids).resolved) {
    if (parents[0] != null) runs.set(row.id, parents[0]);
  }
  const target = targetOf(targets, 'hyperparam');
  for (const [run, names] of batch.wholeRuns) {
    const pgRun = runs.get(run);
    if (pgRun === undefined) continue;
    const remove = () => deleteOthers(transaction, target, pgRun, names);
    const park = (_run: string, _reason: Unfit, error: unknown) => {
      batch.letters.push(letterOfRefused({ kind: 'hyperparam', id: run }, error));
    };
    const deleted = careful ? await writeIsolated(transaction, [run], remove, park) : [await remove()];
    for (const count of deleted) countDeleted(applied, 'hyperparam', count);
  }
}

const countDeleted = ({ deleted }: BatchOutcome, kind: KindName, count: number): unknown =>
  deleted.set(kind, (deleted.get(kind) ?? 0) + count);
