import type { IdMapTransaction } from './id-map';
import type { Resolved } from './resolved';
import type { Identity } from '../record/identity';
import type { KindName } from '../../mapping/kinds';
import type { Reference, Row } from '../record/row';
import { type Targets, targetOf } from '../record/target';

/** A row, and the first of its parents that is not there. */
export interface Orphan {
  readonly row: Row;
  readonly missing: Reference;
}

/**
 * Looks up those parents of rows that `ids` does not know yet: each once, with one question for each kind of parent. `ids`
 * remembers what is found, for `withParents`.
 * @param which `mapped`: a parent counts also when somebody has deleted its row, for it is written again under the same id
 * @returns the parents that are not there
 */
export async function findParents(
  ids: IdMapTransaction,
  targets: Targets,
  rows: readonly Row[],
  which: 'alive' | 'mapped',
): Promise<ReadonlyMap<KindName, readonly Identity[]>> {
  const wanted = new Map<KindName, Map<string, Identity>>();
  let last: Reference | null = null; // row after row mostly has the same one
  for (const { references } of rows) {
    for (const reference of references) {
      if (reference === null || reference === last) continue;
      last = reference;
      const { kind } = reference.parent;
      const identity = identityOf(reference);
      if (identity === undefined || ids.get(kind, identity) !== undefined) continue;
      const ofKind = wanted.get(kind) ?? new Map<string, Identity>();
      wanted.set(kind, ofKind.set(`${identity.id} ${identity.created}`, identity));
    }
  }
  const missing = new Map<KindName, Identity[]>();
  for (const [name, byKey] of wanted) {
    const identities = [...byKey.values()];
    const { kind, table } = targetOf(targets, name);
    const found = await ids.find(kind, table, identities);
    const isMissing = (identity: Identity, index: number): boolean => {
      const mapping = found[index];
      if (mapping === undefined || (which === 'alive' && !mapping.alive)) return true;
      ids.remember(name, identity, mapping);
      return false;
    };
    missing.set(name, identities.filter(isMissing));
  }
  return missing;
}

/** Rows with the Postgres ids of their parents, as far as `ids` knows them. */
export function withParents(
  rows: readonly Row[],
  ids: IdMapTransaction,
): { readonly resolved: Resolved[]; readonly orphans: Orphan[] } {
  const resolved: Resolved[] = [];
  const orphans: Orphan[] = [];
  const known = new Map<Reference, string | undefined>(); // rows share references, see row.ts
  const find = (reference: Reference): string | undefined => {
    if (!known.has(reference)) known.set(reference, parentIn(ids, reference));
    return known.get(reference);
  };
  for (const row of rows) {
    const parents: (string | null)[] = [];
    let missing: Reference | undefined;
    for (const reference of row.references) {
      const pgId = reference === null ? null : find(reference);
      if (reference !== null && pgId === undefined) missing ??= reference;
      parents.push(pgId ?? null);
    }
    if (missing === undefined) resolved.push({ row, parents });
    else orphans.push({ row, missing });
  }
  return { resolved, orphans };
}

/** The Postgres id of a parent, if `ids` knows it. */
export function parentIn(ids: IdMapTransaction, reference: Reference): string | undefined {
  const identity = identityOf(reference);
  return identity && ids.get(reference.parent.kind, identity)?.pgId;
}

const identityOf = ({ id, created }: Reference): Identity | undefined =>
  created === undefined ? undefined : { id, created };
