import type { Batch } from '../batch/batch';
import { type DeadLetter, letterOf } from '../letters/dead-letters';
import { Unfit } from '../record/unfit';
import type { IdMapTransaction } from './id-map';
import { type KindName, kindOf } from '../../mapping/kinds';
import { findParents, type Orphan } from './parents';
import type { Found } from '../record/found';
import { createdOf } from '../record/row';
import type { Targets } from '../record/target';
import type { TruthReader } from '../truth/truth';

interface Context {
  readonly ids: IdMapTransaction;
  readonly targets: Targets;
  readonly truth: TruthReader;
}

/** The most bytes that parents may add to a batch. Children of parents that do not fit are parked until those come by themselves. */
export const parentBytes = 16 * 1024 * 1024;

/**
 * Makes sure that every parent is either mapped already or part of the batch: a parent that is neither is read from Redis. Kinds
 * are gone through with the children first, so that a parent that was added brings its own parents in turn. Parents that stay
 * missing are told later, by `withParents`.
 */
export async function bringParents(batch: Batch, { ids, targets, truth }: Context): Promise<void> {
  const budget = { bytes: parentBytes };
  for (const name of [...targets.keys()].reverse()) {
    for (const [parent, missing] of await findParents(ids, targets, batch.of(name), 'alive')) {
      const present = new Set(batch.of(parent).map((row) => `${row.id} ${row.created ?? ''}`));
      const absent = missing.filter(({ id, created }) => !present.has(`${id} ${created}`));
      const wanted = new Set(absent.map(({ id, created }) => `${id} ${created}`));
      // Another record may have the parent's id by now. It comes by itself: brought here, it would call the child, which waits for that id,
      // to be tried again, and be brought again.
      await bring(batch, truth, parent, absent.map(({ id }) => id), budget, (found) => wanted.has(identityOf(found))); // prettier-ignore
    }
  }
}

function identityOf({ kind, id, values }: Found): string {
  try {
    return `${id.toString('latin1')} ${kind.created === undefined ? '' : createdOf({ kind, values }, kind.created)}`;
  } catch {
    return ''; // nobody can tell
  }
}

/**
 * Adds records as they are in Redis, until `budget` is used up. Ids that Redis has no record of are passed over.
 * @param isWanted of a record under one of the ids
 */
export async function bring(
  batch: Batch,
  truth: TruthReader,
  name: KindName,
  ids: readonly string[],
  budget = { bytes: Infinity },
  isWanted: (found: Found) => boolean = () => true,
): Promise<void> {
  for (let at = 0; at < ids.length && budget.bytes > 0;) {
    const answers = await truth.readSome(kindOf(truth.catalogue, name), ids.slice(at));
    for (const answer of answers) {
      if (answer.state !== 'found') continue;
      for (const record of answer.records) {
        if (!isWanted(record)) continue;
        batch.add(record);
        for (const value of record.values) budget.bytes -= value?.length ?? 0;
      }
    }
    at += answers.length;
  }
}

/** The dead letter of a row whose parent is not there. */
export function letterOfOrphan({ row, missing: { parent, id, created } }: Orphan): DeadLetter {
  const which = created === undefined ? '' : ` of ${created}`;
  const message = `waits for ${parent.kind} ${id}${which}, which is not there`;
  return letterOf(row.found, new Unfit('E_PARENT', parent.column, message), `${parent.kind}:${id}`);
}
