import type { Batch } from '../batch/batch';
import type { Carried } from '../batch/carried';
import type { KnownId } from '../batch/carried-copy';
import type { Found } from '../record/found';
import { keyOf } from '../record/key';
import { losesRecords } from '../record/shape';
import type { Kind } from '../../mapping/kinds';
import { rawCreated } from '../record/row';
import { isUnfit } from '../record/unfit';
import type { Answer } from './look-up';
import type { Nominations } from '../record/nomination';

/** What was looked up of the packed kind. */
export const packedOf = (answers: readonly Answer[]): readonly Carried[] =>
  answers.flatMap(({ kind, truth }) => (truth.state === 'packed' ? [{ kind, value: truth.value }] : []));

/** Puts what was looked up into a batch. @returns about how many bytes that is */
export function putAnswers(batch: Batch, answers: readonly Answer[], known: KnownId): number {
  let bytes = 0;
  for (const answer of answers) bytes += put(batch, answer, known);
  return bytes;
}

function put(batch: Batch, { kind, id, truth }: Answer, known: KnownId): number {
  switch (truth.state) {
    case 'absent':
      return 0;
    case 'unfit': {
      const key = keyOf(kind, Buffer.from(id, 'latin1'));
      batch.letters.push({ kind: kind.name, key, distinction: truth.part ?? '', reason: truth.reason });
      return key.length;
    }
    case 'packed':
      batch.addCarried({ kind, value: truth.value }, known);
      return truth.value.length;
    case 'entries': {
      const key = keyOf(kind, Buffer.from(id, 'latin1'));
      for (const { part, reason } of truth.unfit)
        batch.letters.push({ kind: kind.name, key, distinction: part, entryId: part, reason });
      if (truth.read !== undefined) batch.reads.push(truth.read);
      return addAll(batch, truth.records);
    }
    case 'found':
      return addAll(batch, truth.records);
  }
}

function addAll(batch: Batch, records: readonly Found[]): number {
  let bytes = 0;
  for (const found of records) {
    batch.add(found);
    for (const value of found.values) bytes += value?.length ?? 0;
  }
  return bytes;
}

/** Puts the records of these kinds into a batch that were deleted and are not there again. In doubt a record counts as lapsed. */
export function putGone(
  batch: Batch,
  kinds: Iterable<Kind>,
  answers: readonly Answer[],
  { deleted, lapsed }: { readonly deleted?: Nominations; readonly lapsed?: Nominations },
): void {
  for (const { name: kind, shape, own } of kinds) {
    const doubtful = lapsed?.get(kind);
    const ofKind = answers.filter((one) => one.kind.name === kind);
    for (const { id, ids = [id], part } of ofKind)
      for (const one of ids)
        if (doubtful?.has(one) === true && part?.isFirst !== false) batch.lapsed.push({ kind, id: one });
    const asked = ofKind.filter(
      ({ id }) => deleted?.get(kind)?.has(id) === true && doubtful?.has(id) !== true,
    );
    const gone = new Set(asked.filter(({ truth }) => truth.state === 'absent').map(({ id }) => id));
    if (losesRecords(shape) || own?.born !== undefined) putNamesLeft(batch, asked);
    if (gone.size === 0) continue;
    batch.discard(kind, gone);
    for (const id of gone) batch.deletions.push({ kind, id });
  }
}

/**
 * For keys that are there but lost some of their records: puts the names of those that are left into a batch; of keys that come again for
 * other records the creation time of the one that is there.
 */
function putNamesLeft(batch: Batch, asked: readonly Answer[]): void {
  for (const { kind, id, truth, part } of asked) {
    if (truth.state !== 'found') continue;
    const records = part === undefined ? truth.records : part.whole;
    if (records === undefined) continue;
    const names = records.flatMap((found) => nameLeft(found) ?? []);
    batch.namesLeft.set(`${kind.name}:${id}`, { kind: kind.name, id, names });
    // What is written comes after what is deleted: what a letter kept of an item would bring its row back.
    if (batch.retried.length > 0 && kind.own?.born === undefined) batch.discardItems(kind, id, names);
  }
}

/** What tells a record from the others of its key, as Redis has it; undefined: nothing does, as long as it is not complete. */
function nameLeft(found: Found): Buffer | undefined {
  const { created, own } = found.kind;
  if (own?.born === undefined || created === undefined) return found.values[0];
  try {
    return rawCreated(found, created);
  } catch (error) {
    if (isUnfit(error)) return undefined;
    throw error;
  }
}
