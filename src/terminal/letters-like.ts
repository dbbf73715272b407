import type { DeadLetterStore, LetterFilter } from '../archive/letters/letter-store';
import { fatal, type MillraceError } from '../foundation/errors';

/** How many groups of parked records are named one by one; the others are only counted. */
const toldGroups = 20;

/** The error when no parked record matches a filter: it says what was asked for, and what there is instead. */
export async function nothingLike(
  store: DeadLetterStore,
  { ids, kind, code }: LetterFilter,
): Promise<string> {
  const groups = await store.groups();
  const all = groups.reduce((sum, { count }) => sum + count, 0);
  if (all === 0) return 'Nothing is parked.';
  const wanted = [
    ...(ids.length === 0 ? [] : [`has the number ${ids.join(' or ')}`]),
    ...(kind === undefined ? [] : [`is of the kind ${kind}`]),
    ...(code === undefined ? [] : [`has the code ${code}`]),
  ].join(' and ');
  const there = groups.slice(0, toldGroups).map((group) => `${group.kind} ${group.code} (${group.count})`);
  const more = groups.length > toldGroups ? ', …' : '';
  return `None of the ${all} parked records ${wanted}; there are ${there.join(', ')}${more}.`;
}

/** The error for ids that no parked record has. */
export const noSuchLetters = (what: string): MillraceError =>
  fatal(what, {
    code: 'E_NO_LETTERS',
    hint: '`millrace dead-letters list` shows what there is.',
  });
