import type { Standing } from '../sink/introduction';

/**
 * Why a pass left all keys of a mapping as they are: it would have deleted too many of them, or the mapping is new, and these keys, some of
 * which are not as it says, may be another program's.
 */
export type Blocked = (
  { readonly reason: 'mass deletion' } | { readonly reason: 'new'; readonly different: number }
) &
  Found;

/** The keys of one mapping in Redis. */
interface Found {
  readonly prefix: string;
  readonly keys: number;
  /** How many of them no row stands for. */
  readonly stale: number;
}

/** The breaker: a pass that would delete more than half of a type's keys, and over a hundred, has been given the wrong table. */
const suspicious = ({ stale, keys }: Found): boolean => stale > 100 && stale * 2 > keys;

export interface Judged {
  readonly found: Found;
  /** How many keys are not as their rows say. */
  readonly different: number;
  readonly standing: Standing;
  readonly force: boolean;
}

/**
 * Whether a pass must leave the keys of a mapping as they are. A new one may write where keys are missing (nobody has these) and where they are
 * as it says (they could be its own); any other may be all that somebody has of something.
 */
export function judge({ found, different, standing, force }: Judged): Blocked | undefined {
  if (standing === 'new')
    return found.stale + different > 0 ? { reason: 'new', different, ...found } : undefined;
  return !force && standing !== 'claimed' && suspicious(found)
    ? { reason: 'mass deletion', ...found }
    : undefined;
}
