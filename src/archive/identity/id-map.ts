import { readSql } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres/postgres';
import type { Kind, KindName } from '../../mapping/kinds';
import type { Identity, Life } from '../record/identity';

export interface Mapping {
  readonly pgId: string;
  /** The Postgres row follows this record. */
  readonly owned: boolean;
}

/** A mapping as Postgres has it. */
export interface StoredMapping extends Mapping {
  readonly life: Life;
  readonly alive: boolean;
}

const findSql = readSql('src/archive/identity/sql/find-ids.sql');
const putSql = readSql('src/archive/identity/sql/put-ids.sql');
const disownSql = readSql('src/archive/identity/sql/disown-ids.sql');

/** How many mappings are kept in memory. */
const cacheSize = 100_000;

/**
 * (kind, Redis id, creation time) -> Postgres id. What a transaction maps becomes known to others with its commit: see IdMapTransaction.
 */
export class IdMap {
  readonly #cache = new Map<string, Mapping>();

  get(kind: KindName, { id, created }: Identity): Mapping | undefined {
    return this.#cache.get(`${kind} ${id} ${created}`);
  }

  set(kind: KindName, { id, created }: Identity, mapping: Mapping): void {
    if (this.#cache.size >= cacheSize) {
      const oldest = this.#cache.keys().next();
      if (!oldest.done) this.#cache.delete(oldest.value);
    }
    this.#cache.set(`${kind} ${id} ${created}`, mapping);
  }

  /** Forgets what is in memory, because others may have deleted or mapped something. */
  clear(): void {
    this.#cache.clear();
  }
}

/** The map as one transaction sees it. */
export class IdMapTransaction {
  readonly #shared: IdMap;
  readonly #transaction: Transaction;
  /** The life of Redis that the mapped records are of; it does not matter to a transaction that maps nothing. */
  readonly life: Life;
  readonly #own = new Map<string, { kind: KindName; identity: Identity; mapping: Mapping }>();

  constructor(shared: IdMap, transaction: Transaction, life: Life = null) {
    this.#shared = shared;
    this.#transaction = transaction;
    this.life = life;
  }

  get(kind: KindName, identity: Identity): Mapping | undefined {
    const own = this.#own.get(`${kind} ${identity.id} ${identity.created}`)?.mapping;
    return own ?? (this.#distrusted ? undefined : this.#shared.get(kind, identity));
  }

  /**
   * The mappings of identities, in their order; undefined: not mapped. Asks Postgres, whatever is in memory. A row that
   * was deleted from the target is still mapped, but not alive: it will be written again under its id.
   */
  async find(
    { name }: Kind,
    table: string,
    identities: readonly Identity[],
  ): Promise<readonly (StoredMapping | undefined)[]> {
    const rows = await this.#transaction.query(findSql.replaceAll('{table}', table), [
      name,
      identities.map(({ id }) => id),
      identities.map(({ created }) => `${created}+00`),
    ]);
    const found = new Array<StoredMapping | undefined>(identities.length);
    for (const row of rows) {
      found[Number(row['n']) - 1] = {
        pgId: row['pg_id'] ?? '',
        owned: row['owned'] === 't',
        life: row['life'] ?? null,
        alive: row['alive'] === 't',
      };
    }
    return found;
  }

  /** Notes a mapping that was found in Postgres, or that this transaction has just written. */
  remember(kind: KindName, identity: Identity, mapping: Mapping): void {
    this.#own.set(`${kind} ${identity.id} ${identity.created}`, { kind, identity, mapping });
  }

  async put(kind: KindName, mappings: readonly (readonly [Identity, Mapping])[]): Promise<void> {
    if (mappings.length === 0) return;
    await this.#transaction.execute(putSql, [
      kind,
      mappings.map(([{ id }]) => id),
      mappings.map(([{ created }]) => `${created}+00`),
      mappings.map(([, { pgId }]) => pgId),
      mappings.map(([, { owned }]) => owned),
      this.life,
    ]);
    for (const [identity, mapping] of mappings) this.remember(kind, identity, mapping);
  }

  /** Lets no record follow these rows any more. The shared cache may hold their former owners: it is emptied at the commit. */
  async disown(kind: KindName, pgIds: readonly string[]): Promise<void> {
    if (pgIds.length === 0) return;
    await this.#transaction.execute(disownSql, [kind, pgIds]);
    this.#stale = true;
  }

  #stale = false;
  #distrusted = false;

  /** For when rows were deleted: mappings remembered from before this transaction may be wrong. */
  distrust(): void {
    this.#distrusted = true;
    this.#stale = true;
  }

  /** Makes this transaction's mappings known to others. To be called after the commit. */
  publish(): void {
    if (this.#stale) this.#shared.clear();
    for (const { kind, identity, mapping } of this.#own.values()) this.#shared.set(kind, identity, mapping);
  }
}
