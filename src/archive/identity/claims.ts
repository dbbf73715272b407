import type { Mapping } from './id-map';
import type { Identity } from '../record/identity';
import type { ConflictStrategy } from '../../mapping/strategies';

/** A record that wants a row. */
export interface Claim {
  readonly identity: Identity;
  /** The natural key; undefined for a kind without one. */
  readonly natural: string | undefined;
  readonly known: (Mapping & { readonly alive: boolean }) | undefined;
}

/** The rows that have the natural keys claimed, and the rows that the claiming records have already. */
export interface Holders {
  /** Ids by natural key, the oldest first; several only where a table lacks the constraint. */
  readonly byKey: ReadonlyMap<string, readonly string[]>;
  /** The natural key each row has now. */
  readonly keyOf: ReadonlyMap<string, string>;
  /** The record each row follows, if any. */
  readonly owners: ReadonlyMap<string, Identity>;
}

export type Decision =
  /** `owned`: the row takes the record's contents. */
  | { readonly how: 'map'; readonly mapping: Mapping }
  /** Another row has the natural key that the record wants. `waitsFor`: the Redis id of the record that row follows. */
  | { readonly how: 'park'; readonly holder: string; readonly waitsFor: string | undefined };

export interface Settlement {
  /** One for each claim, in their order. Rows to be made are called `new 0`, `new 1` … */
  readonly decisions: readonly Decision[];
  readonly fresh: number;
  /** Rows whose natural key passes to another row of this batch: they have to give it up first. */
  readonly vacated: readonly string[];
  /** Rows that a record outside this batch has to give up, because one of this batch takes them. */
  readonly disowned: readonly string[];
}

/**
 * Decides which record gets which row. A record keeps its own row; if its natural key has changed, then only if no other row has the
 * new one, or that row gives it up in this batch (two records may exchange names). Any other record gets a new row or, as the
 * strategy says, the row that has its natural key.
 *
 * Under `overwrite` a row follows the record of its natural key that was created last, not the one that came last: otherwise replays
 * and full passes would hand the row back and forth. `name_to_id` in Redis names the same record.
 */
export function settle(claims: readonly Claim[], holders: Holders, strategy: ConflictStrategy): Settlement {
  const decisions = new Array<Decision>(claims.length);
  const moving = movesPossible(claims, holders);
  const owners = new Map(holders.owners);
  const after = new Map<string, string[]>();
  const rowsOf = (natural: string): string[] => {
    const rows = after.get(natural) ?? (holders.byKey.get(natural) ?? []).filter((id) => !moving.has(id));
    after.set(natural, rows);
    return rows;
  };
  for (const [pgId, natural] of moving) rowsOf(natural).push(pgId);
  const inBatch = new Map<string, number>(); // row -> which claim of the batch has it
  const own = (index: number, pgId: string) => {
    inBatch.set(pgId, index);
    decisions[index] = { how: 'map', mapping: { pgId, owned: true } };
    const claim = claims[index];
    if (claim !== undefined) owners.set(pgId, claim.identity);
  };

  for (const [index, claim] of claims.entries()) {
    const { natural, known } = claim;
    if (known === undefined || !hasRow(claim)) continue;
    const stays = natural === undefined || holders.keyOf.get(known.pgId) === natural;
    if (stays || moving.get(known.pgId) === natural) own(index, known.pgId);
    else {
      const holder = rowsOf(natural)[0] ?? '';
      decisions[index] = { how: 'park', holder, waitsFor: owners.get(holder)?.id };
    }
  }

  let fresh = 0;
  const disowned: string[] = [];
  for (const [index, claim] of claims.entries()) {
    if (decisions[index] !== undefined) continue;
    const { natural, known, identity } = claim;
    const rows = natural === undefined ? [] : rowsOf(natural);
    const holder = rows.find((id) => id === known?.pgId) ?? rows[0];
    if (holder === undefined) {
      const pgId = known?.owned === true ? known.pgId : `new ${fresh++}`; // a row deleted in Postgres is made again under its id
      rows.push(pgId);
      own(index, pgId);
    } else if (strategy === 'overwrite' && isNewer(identity, owners.get(holder))) {
      const before = inBatch.get(holder);
      if (before !== undefined) decisions[before] = { how: 'map', mapping: { pgId: holder, owned: false } };
      else if (owners.has(holder)) disowned.push(holder);
      own(index, holder);
    } else decisions[index] = { how: 'map', mapping: { pgId: holder, owned: false } };
  }
  const passesOn = (id: string) => (after.get(holders.keyOf.get(id) ?? '') ?? []).length > 0;
  return { decisions, fresh, vacated: [...moving.keys()].filter(passesOn), disowned };
}

const hasRow = ({ known, natural }: Claim): boolean =>
  known?.owned === true && (known.alive || natural === undefined);

/** Row -> its new natural key, for claims that change the key of their own row to one that is free, or becomes free by such a change. */
function movesPossible(claims: readonly Claim[], { byKey, keyOf }: Holders): Map<string, string> {
  const moving = new Map<string, string>();
  for (const claim of claims) {
    const { known, natural } = claim;
    if (known === undefined || natural === undefined || !hasRow(claim)) continue;
    if (keyOf.get(known.pgId) !== natural) moving.set(known.pgId, natural);
  }
  for (;;) {
    const wanted = new Set<string>();
    const stuck = [...moving].filter(([, natural]) => {
      const free = !wanted.has(natural) && (byKey.get(natural) ?? []).every((id) => moving.has(id));
      wanted.add(natural);
      return !free;
    });
    if (stuck.length === 0) return moving;
    for (const [id] of stuck) moving.delete(id);
  }
}

/** Creation times are canonical, see instant(). */
function isNewer(one: Identity, other: Identity | undefined): boolean {
  if (other === undefined) return true;
  return one.created === other.created ? BigInt(one.id) > BigInt(other.id) : one.created > other.created;
}
