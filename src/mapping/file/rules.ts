import { areApart, type OwnRecord } from '../own-key';
import type { Place } from './value';

/**
 * What a mapping takes for itself: a name, and all keys that begin with its prefix; where there are `parts`, those of that form; where
 * `single`, that key alone.
 */
export interface Claim {
  readonly name: string;
  readonly prefix: string;
  readonly single?: boolean;
  readonly parts?: OwnRecord['parts'];
  /** The table of Postgres that it fills. */
  readonly table?: string;
}

export interface PlacedClaim extends Claim {
  readonly at: Place;
  readonly keyAt: Place;
}

/** Millrace's own keys: checkpoints, streams. */
const ours: Claim = { name: 'millrace', prefix: 'millrace:' };

/**
 * Refuses the second of two mappings with one name, and of two of which one's keys could be the other's: both would delete what is not
 * theirs.
 * @param taken by what is included, and by settings, which has no place in the file
 */
export function checkClaims(placed: readonly PlacedClaim[], taken: readonly Claim[]): void {
  const before: Claim[] = [...taken];
  for (const { at, keyAt, ...claim } of placed) {
    const { name, prefix } = claim;
    if (before.some((other) => other.name === name))
      at.refuse(`another mapping is named ${name}, be it one of another section or an included one`);
    if (overlap(claim, ours)) keyAt.refuse(`keys that begin with "${ours.prefix}" are Millrace's own`);
    const other = before.find((one) => overlap(one, claim));
    if (other !== undefined)
      keyAt.refuse(
        `its keys begin with "${prefix}", and those of ${other.name} with "${other.prefix}": neither may be the beginning of the other${alike(claim, other)}${instead(name, [ours, ...taken, ...placed])}`,
      );
    before.push(claim);
  }
}

/** Records may begin alike if their keys are of forms that are apart. */
const alike = (one: Keys, other: Keys): string =>
  one.prefix === other.prefix && one.parts !== undefined && other.parts !== undefined
    ? ', and a key could be of both forms'
    : '';

/** What to do: another beginning, by the mapping's name where nobody has that. */
function instead(name: string, others: readonly Claim[]): string {
  const free = [`${name}:`, `doc:${name}:`].find((prefix) =>
    others.every((one) => !overlap(one, { prefix })),
  );
  return free === undefined ? '. Choose another beginning' : `. Choose another beginning, as in "${free}"`;
}

export type Keys = Pick<Claim, 'prefix' | 'single' | 'parts'>;

/** Whether keys of the one are, or could be, keys of the other. */
export const overlap = (a: Keys, b: Keys): boolean =>
  (owns(a, b.prefix) || owns(b, a.prefix)) &&
  !(a.prefix === b.prefix && a.parts !== undefined && b.parts !== undefined && areApart(a.parts, b.parts));

const owns = ({ prefix, single = false }: Keys, key: string): boolean =>
  single ? key === prefix : key.startsWith(prefix);
