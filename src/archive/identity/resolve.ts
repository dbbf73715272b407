import type { Batch } from '../batch/batch';
import { letterOf } from '../letters/dead-letters';
import { Unfit } from '../record/unfit';
import type { IdMapTransaction } from './id-map';
import type { Identity } from '../record/identity';
import { type KindName, kindOf } from '../../mapping/kinds';
import type { Reference, Row } from '../record/row';
import { type Targets, targetOf } from '../record/target';
import type { TruthReader } from '../truth/truth';
import type { Resolved } from './resolved';

interface Context {
  readonly ids: IdMapTransaction;
  readonly targets: Targets;
  readonly truth: TruthReader;
}

/** What parents may add to a batch. The children of further ones wait: these come by themselves. */
const parentBytes = 16 * 1024 * 1024;

/**
 * Makes sure that every parent is either mapped already or part of the batch: one that is neither is read from Redis, with its
 * own parents. Children first, so that a parent found missing brings its parents in turn. What stays missing is told later,
 * by `withParents`.
 */
export async function bringParents(batch: Batch, context: Context): Promise<void> {
  const budget = { bytes: parentBytes };
  for (const name of [...context.targets.keys()].reverse()) {
    const wanted = new Map<KindName, Map<string, Identity>>();
    let last: Reference | null = null; // mostly the same one, row after row
    for (const { references } of batch.of(name)) {
      for (const reference of references) {
        if (reference === null || reference === last) continue;
        last = reference;
        const identity = identityOf(reference);
        if (identity === undefined) continue;
        const { kind } = reference.parent;
        if (context.ids.get(kind, identity) !== undefined) continue;
        const ofKind = wanted.get(kind) ?? new Map<string, Identity>();
        wanted.set(kind, ofKind.set(`${identity.id} ${identity.created}`, identity));
      }
    }
    for (const [kind, identities] of wanted)
      await bringMissing(batch, context, kind, [...identities.values()], budget);
  }
}

async function bringMissing(
  batch: Batch,
  { ids, targets, truth }: Context,
  name: KindName,
  wanted: readonly Identity[],
  budget: { bytes: number },
) {
  const { kind, table } = targetOf(targets, name);
  const found = await ids.find(kind, table, wanted);
  const missing: Identity[] = [];
  for (const [index, identity] of wanted.entries()) {
    const mapping = found[index];
    if (mapping?.alive === true) ids.remember(name, identity, mapping);
    else missing.push(identity);
  }
  const present = new Set(batch.of(name).map((row) => `${row.id} ${row.created ?? ''}`));
  const absent = missing.filter(({ id, created }) => !present.has(`${id} ${created}`));
  // Another record may have the id by now: then it lands, and this parent stays missing.
  await bring(
    batch,
    truth,
    name,
    absent.map(({ id }) => id),
    budget,
  );
}

/** Adds records as they are in Redis, as long as there is room; those that are not there are left out. */
export async function bring(
  batch: Batch,
  truth: TruthReader,
  name: KindName,
  ids: readonly string[],
  budget = { bytes: Infinity },
): Promise<void> {
  for (let at = 0; at < ids.length && budget.bytes > 0;) {
    const answers = await truth.readSome(kindOf(truth.catalogue, name), ids.slice(at));
    for (const answer of answers) {
      if (answer.state !== 'found') continue;
      for (const record of answer.records) {
        batch.add(record);
        for (const value of record.values) budget.bytes -= value?.length ?? 0;
      }
    }
    at += answers.length;
  }
}

const identityOf = ({ id, created }: Reference): Identity | undefined =>
  created === undefined ? undefined : { id, created };

/** Rows whose parents are all mapped; the others go to the batch's dead letters, waiting. */
export function withParents(batch: Batch, rows: readonly Row[], ids: IdMapTransaction): Resolved[] {
  const resolved: Resolved[] = [];
  const known = new Map<Reference, string | undefined>(); // rows share references, see row.ts
  const find = (reference: Reference): string | undefined => {
    if (known.has(reference)) return known.get(reference);
    const identity = identityOf(reference);
    const pgId = identity === undefined ? undefined : ids.get(reference.parent.kind, identity)?.pgId;
    known.set(reference, pgId);
    return pgId;
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
    else batch.letters.push(orphan(row, missing));
  }
  return resolved;
}

function orphan(row: Row, { parent, id, created }: Reference) {
  const which = created === undefined ? '' : ` of ${created}`;
  const message = `waits for ${parent.kind} ${id}${which}, which is not there`;
  return letterOf(row.found, new Unfit('E_PARENT', parent.column, message), `${parent.kind}:${id}`);
}
