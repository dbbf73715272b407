import type { KindName } from '../../mapping/kinds';
import type { Identity } from '../record/identity';
import { absent, PackedError, PackedReader } from '../record/packed';
import { referenceTo } from '../record/row';
import { isUnfit } from '../record/unfit';
import type { Carried } from './carried';
import type { KnownId } from './carried-copy';

export type Strangers = ReadonlyMap<KindName, readonly Identity[]>;

/**
 * The parents of packed records whose Postgres ids are not known, by kind. Of a value with several records only the first is looked at:
 * neighbours mostly have one parent, and whoever is overlooked is found when the row is made.
 */
export function strangersIn(carried: readonly Carried[], known: KnownId): Strangers {
  const strangers = new Map<KindName, Identity[]>();
  const seen = new Set<string>();
  for (const { kind, value } of carried) {
    const [parent] = kind.parents;
    const named = kind.packed && parent !== undefined ? parentNamed(value) : undefined;
    if (named === undefined || parent === undefined) continue;
    const name = `${named.id.length} ${value.toString('latin1', named.from, named.to)}`;
    if (seen.has(name)) continue;
    seen.add(name);
    const identity = identityOf(() => referenceTo(parent, named));
    if (identity === undefined || known(parent.kind, identity) !== undefined) continue;
    strangers.set(parent.kind, [...(strangers.get(parent.kind) ?? []), identity]);
  }
  return strangers;
}

/** The bytes that name the parent of the first record: its creation time, then its id. */
function parentNamed(value: Buffer) {
  const records = new PackedReader(value);
  try {
    if (!records.next()) return undefined;
  } catch (error) {
    if (error instanceof PackedError) return undefined;
    throw error;
  }
  const [idLength = absent, createdLength = absent, parentLength = absent] = records.lengths;
  if (Math.min(idLength, createdLength, parentLength) === absent) return undefined;
  const from = records.start + idLength;
  const to = from + createdLength + parentLength;
  return {
    ...{ from, to },
    created: value.subarray(from, from + createdLength),
    id: value.subarray(from + createdLength, to),
  };
}

/** undefined: it names none, or nobody can tell which. */
function identityOf(refer: () => ReturnType<typeof referenceTo>): Identity | undefined {
  try {
    const { id, created } = refer() ?? {};
    return id === undefined || created === undefined ? undefined : { id, created };
  } catch (error) {
    if (isUnfit(error)) return undefined;
    throw error;
  }
}
