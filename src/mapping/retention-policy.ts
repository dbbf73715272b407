import {
  ageColumnOf,
  type Catalogue,
  type Kind,
  type KindName,
  namesWhere,
  ownKindsOf,
  packedKind,
} from './kinds';

/** After how many days records of a kind leave Redis; kinds that are not named stay. */
export type RetentionPolicy = Readonly<Record<KindName, number>>;

/**
 * Records of the kind only ever grow, and say how old they are: all others are referred to, or change. Members are told by the key of
 * their one parent, which comes first in their own; an entry in the index is taken out of a sorted set, and a name out of nothing.
 */
function canBeRetained(kind: Kind): boolean {
  if (kind.appendOnly !== true || ageColumnOf(kind) === undefined) return false;
  if (kind.names !== undefined) return false;
  if (kind.shape === 'members')
    return kind.parents.length === 1 && kind.parents[0]?.from === 0 && !kind.index;
  return kind.identity === 'dated' && kind.index?.by !== 'set';
}

/** The kinds that may leave Redis: first that of which there are most. */
export function retainedKinds(catalogue: Catalogue): readonly KindName[] {
  const names = namesWhere(catalogue, canBeRetained);
  const most = packedKind(catalogue)?.name;
  return [...names.filter((name) => name === most), ...names.filter((name) => name !== most)];
}

/** What is in force: the setting for the registry, and what mappings of the user's own say; undefined: all stays. */
export function retentionInForce(
  setting: RetentionPolicy | undefined,
  catalogue: Catalogue,
): RetentionPolicy | undefined {
  const own = ownKindsOf(catalogue).flatMap(({ name, own: { retentionDays } }) =>
    retentionDays === undefined ? [] : [[name, retentionDays] as const],
  );
  return setting === undefined && own.length === 0 ? undefined : { ...setting, ...Object.fromEntries(own) };
}

/** The kinds of a policy with their days, in the order in which they are told. */
export const inOrderOf = (
  catalogue: Catalogue,
  policy: RetentionPolicy,
): readonly (readonly [KindName, number])[] =>
  [...retainedKinds(catalogue), ...ownKindsOf(catalogue).map(({ name }) => name)].flatMap((name) => {
    const days = policy[name];
    return days === undefined ? [] : [[name, days] as const];
  });

/** A century: what is written before it is a mistake rather than a wish. */
const mostDays = 36_500;

function grammarOf(names: readonly KindName[]): string {
  const all = names.length === 2 ? 'both kinds' : `all of ${names.join(', ')}`;
  const each = names.slice(0, 2).map((name, index) => `${name}=${index === 0 ? 90 : 365}`);
  return `must be whole days from 1 to ${mostDays}, for ${all} (90) or by kind (${each.join(',')})`;
}

/** Parses `90`, or `prediction=90,metric=365`; kinds or their tables. A string says what is wrong. */
export function parseRetention(text: string, catalogue: Catalogue): RetentionPolicy | string {
  const names = retainedKinds(catalogue);
  const grammar = grammarOf(names);
  if (!text.includes('=')) {
    const days = daysIn(text);
    return days === undefined ? grammar : Object.fromEntries(names.map((name) => [name, days]));
  }
  const policy = new Map<KindName, number>();
  for (const part of text.split(',')) {
    const [left = '', value = '', ...rest] = part.split('=').map((one) => one.trim().toLowerCase());
    const kind = names.find((name) => name === left || catalogue.get(name)?.table === left);
    if (kind === undefined) return `${grammar}: "${left}" is not kept for a time`;
    if (policy.has(kind)) return `${grammar}: "${left}" is there twice`;
    const days = daysIn(value);
    if (days === undefined || rest.length > 0) return grammar;
    policy.set(kind, days);
  }
  return Object.fromEntries(policy);
}

function daysIn(text: string): number | undefined {
  if (!/^\s*\d{1,5}\s*$/.test(text)) return undefined;
  const days = Number(text);
  return days >= 1 && days <= mostDays ? days : undefined;
}
