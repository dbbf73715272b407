import { type PostgresConnection, sqlState } from '../../connections/postgres/postgres';
import { Alterations } from '../write/alterations';
import { type BatchOutcome, type Attempt, nothingApplied } from '../write/attempt';
import { deleteGone, deleteTakenItems, deleteTakenFields } from '../delete/attempt-deletions';
import { Batch } from '../batch/batch';
import type { KnownId, KnownParent } from '../batch/carried-copy';
import type { Strangers } from '../batch/strangers';
import type { Checkpoint } from '../position/checkpoint';
import { clear, digestsOfKnown, digestsOfRow, park, release } from '../letters/dead-letters';
import type { Parked } from '../letters/parked';
import { writeEntryPositions } from '../position/entry-positions';
import { letterOfRefused } from '../delete/delete';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import { compareNumbers } from '../record/id-order';
import { isDataError } from '../write/isolate';
import { keepAll, keepLapsed, partFromLapsed } from '../delete/kept';
import type { Behind } from './relay';
import { bringOwnParents, withOwnParents } from '../identity/own-parents';
import { bringParents, letterOfOrphan } from '../identity/bring-parents';
import { withParents } from '../identity/parents';
import type { Identity } from '../record/identity';
import type { Row } from '../record/row';
import type { KindName } from '../../mapping/kinds';
import type { Strategies } from '../../mapping/strategies';
import { Swallowed } from '../write/swallowed';
import { type Targets, targetOf } from '../record/target';
import type { TruthReader } from '../truth/truth';
import { writeKind } from '../write/write-kind';

export interface SinkOptions {
  readonly postgres: PostgresConnection;
  readonly checkpoint: Checkpoint;
  readonly truth: TruthReader;
  readonly targets: Targets;
  readonly strategies: Strategies;
  readonly parked: Parked;
}

/**
 * The one writer of the archive. Rows, id map, dead letters and position are written in one transaction, which makes sure, first or last,
 * that this instance is still the owner and that the position is the expected one.
 */
export class ArchiveSink {
  readonly #options: SinkOptions;
  readonly #ids = new IdMap();
  readonly #alterations = new Alterations();

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  /** Forgets the ids in memory, because Redis went backwards or another instance has written. */
  forgetIds(): void {
    this.#ids.clear();
    this.#alterations.reset();
  }

  /** For rows that are prepared ahead. By the time they are applied the id may be wrong: then they are made anew. */
  readonly knownId: KnownId = (kind, identity) => this.#ids.get(kind, identity)?.pgId;

  /** Asks Postgres which rows these records are, so that `knownId` knows. @returns the records that have none */
  async learn(strangers: Strangers, postgres = this.#options.postgres): Promise<Strangers> {
    const ids = await postgres.transaction(async (transaction) => {
      const ids = new IdMapTransaction(this.#ids, transaction);
      for (const [name, identities] of strangers) {
        const { kind, table } = targetOf(this.#options.targets, name);
        for (const [index, mapping] of (await ids.find(kind, table, identities)).entries()) {
          const identity = identities[index];
          if (identity !== undefined && mapping?.alive === true) ids.remember(name, identity, mapping);
        }
      }
      return ids;
    });
    ids.publish();
    const missing = new Map<KindName, readonly Identity[]>();
    for (const [name, identities] of strangers) {
      const unknown = identities.filter((identity) => this.knownId(name, identity) === undefined);
      if (unknown.length > 0) missing.set(name, unknown);
    }
    return missing;
  }

  /**
   * Applies a batch and moves the position (or leaves it). Idempotent: every write is by identity.
   * @param direct whether the position proves that the append-only records are new; if that is wrong, a second attempt goes without
   * @param behind for a batch of plain records: they are copied while an earlier batch is not committed yet, and the fence comes last. If
   *   anything comes in between, the batch is applied again in its turn
   * @throws Displaced, and errors of Postgres that are not about a record
   */
  async apply(work: Batch, entryId: string, direct: boolean, behind?: Behind): Promise<BatchOutcome> {
    const { checkpoint } = this.#options;
    const postgres = behind?.postgres ?? this.#options.postgres;
    let how = { direct, careful: false };
    let again = true;
    if (behind?.previous !== undefined) {
      const applied = await this.#applyBehind(work, entryId, behind);
      if (applied !== undefined) return applied;
    }
    for (;;) {
      const batch = new Batch(work);
      const applied = { ...nothingApplied(), direct: how.direct };
      try {
        const ids = await postgres.transaction(async (transaction) => {
          await checkpoint.fence(transaction, entryId);
          const ids = new IdMapTransaction(this.#ids, transaction, batch.life ?? checkpoint.life);
          await this.#write({ transaction, ids, alterations: this.#alterations, batch, applied, ...how });
          // Before the commit, for its reply may be lost.
          if (batch.letters.length > 0) this.#options.parked.suspect();
          return ids;
        });
        ids.publish();
        checkpoint.moved(entryId);
        return applied;
      } catch (error) {
        if (how.direct && (isIdentityTaken(error) || error instanceof Swallowed))
          how = { ...how, direct: false };
        else if (again && /^2350[35]$/.test(sqlState(error) ?? '')) {
          // Somebody else may have deleted a parent, or taken a name, meanwhile: look again.
          again = false;
          this.#ids.clear();
        } else if (isDataError(error) && !how.careful) how = { direct: false, careful: true };
        else {
          // Only Postgres knows whether the commit happened.
          checkpoint.forget();
          throw error;
        }
      }
    }
  }

  /** Applies a batch behind another one. @returns undefined when it has to be applied the usual way; the earlier batch is committed then */
  async #applyBehind(
    batch: Batch,
    entryId: string,
    { previous, postgres }: Behind,
  ): Promise<BatchOutcome | undefined> {
    const { checkpoint, targets, strategies } = this.#options;
    const applied = { ...nothingApplied(), direct: true };
    try {
      const taken = await postgres.transaction(async (transaction) => {
        const ids = new IdMapTransaction(this.#ids, transaction, checkpoint.life);
        const alterations = this.#alterations;
        const attempt = { transaction, ids, alterations, batch, applied, direct: true, careful: false };
        if (batch.copy === undefined || !this.#takesCopy(attempt)) return false;
        await writeKind(attempt, targetOf(targets, batch.copy.kind.name), [], strategies);
        await previous;
        await checkpoint.fence(transaction, entryId);
        return true;
      });
      if (taken) checkpoint.moved(entryId);
      else await previous;
      return taken ? applied : undefined;
    } catch (error) {
      await previous; // if the earlier batch failed, its error comes first
      if (isDataError(error)) return undefined;
      checkpoint.forget();
      throw error;
    }
  }

  async #write(attempt: Attempt): Promise<void> {
    const { batch, ids, transaction, applied } = attempt;
    const { targets, truth, checkpoint, strategies, parked: letters } = this.#options;
    const { life } = checkpoint;
    const deletions = { targets, truth, life, lettersExist: letters.possible };
    await partFromLapsed(transaction, targets, batch.lapsed, life);
    // Deletions come first, so that a new record can have the name of a deleted one. Those that children forbid are tried again below.
    const refused = await deleteGone(attempt, batch.deletions, deletions);
    await deleteTakenItems(attempt, deletions);
    if (!this.#takesCopy(attempt)) batch.spread();
    await bringParents(batch, { ids, targets, truth });
    await bringOwnParents(batch, { transaction, targets, truth });
    const landed: Row[] = [];
    for (const [name, target] of targets) {
      let all: readonly Row[] = batch.of(name);
      if (target.kind.own !== undefined) {
        const { fit, letters: waiting } = await withOwnParents(transaction, targets, all);
        batch.letters.push(...waiting);
        all = fit;
      }
      const rows = risen(distinct(all));
      if (rows.length === 0 && batch.copy?.kind.name !== name) continue;
      const { resolved, orphans } = withParents(rows, ids);
      for (const orphan of orphans) batch.letters.push(letterOfOrphan(orphan));
      const parked = await writeKind(attempt, target, resolved, strategies);
      for (const { row } of resolved) if (!parked.has(row)) landed.push(row);
    }
    await deleteTakenFields(attempt, targets);
    const again = refused.map(({ deletion }) => deletion);
    for (const { deletion, error } of await deleteGone(attempt, again, deletions)) {
      const { kind } = targetOf(targets, deletion.kind);
      batch.letters.push(letterOfRefused(kind, deletion.id, error));
    }
    if (applied.deleted.size > 0) await attempt.alterations.prune(transaction, targets);
    await keepLapsed(transaction, targets, batch.lapsed, life);
    // Letters of an older life of Redis are tried again: in the present one these ids mean other records.
    if (ids.life !== life) await keepAll(transaction, targets);
    await writeEntryPositions(transaction, batch.reads, (kind) => targetOf(targets, kind).kind.table);
    for (const { incident } of batch.reads) if (incident !== undefined) applied.incidents.push(incident);
    await park(transaction, batch.letters, ids.life);
    // Letters of this very batch matter, too: a parent may come together with the child that waits for it.
    const matters = letters.possible || batch.letters.length > 0 ? landed : [];
    const known = digestsOfKnown(batch.letters);
    await clear(transaction, [...matters.flatMap(digestsOfRow), ...known], batch.retried);
    const arrived = matters.filter(
      ({ kind: { identity, own } }) => identity === 'mapped' || (own !== undefined && own.item === undefined),
    );
    await release(transaction, arrived.map(({ kind, id }) => `${kind.name}:${id}`)); // prettier-ignore
    applied.parked = batch.letters.length;
    applied.letters = batch.letters;
  }

  /**
   * Whether predictions may be written as the text of COPY that they are: nothing unexpected has happened, and nobody needs their rows.
   */
  #takesCopy({ batch, ids, direct, careful }: Attempt): boolean {
    if (!direct || careful || this.#options.parked.possible) return false;
    const known = ({ kind, identity, pgId }: KnownParent) => ids.get(kind, identity)?.pgId === pgId;
    return batch.copy?.parents.every(known) ?? true;
  }
}

/** One row for each identity, the one that was read last. Of append-only rows Postgres sorts out doubles, which is cheaper. */
function distinct(rows: readonly Row[]): readonly Row[] {
  if (rows[0]?.kind.identity !== 'mapped') return rows;
  return [...new Map(rows.map((row) => [`${row.id} ${row.created ?? ''}`, row])).values()];
}

/**
 * Sorts rows by Redis id, for kinds with ids: otherwise parents come in the order of their children, and records that came by value before
 * those that were looked up. New rows get their ids in this order, and of two records with one name the first gets it.
 */
function risen(rows: readonly Row[]): readonly Row[] {
  const identity = rows[0]?.kind.identity;
  if (rows.length < 2 || identity === 'keyed' || identity === 'own') return rows;
  const compare = (a: Row, b: Row) => compareNumbers(a.id, b.id);
  const rising = rows.every((row, index) => compare(rows[index - 1] ?? row, row) <= 0);
  return rising ? rows : [...rows].sort(compare);
}

function isIdentityTaken(error: unknown): boolean {
  const { constraint } = error as { constraint?: unknown };
  return (
    sqlState(error) === '23505' && typeof constraint === 'string' && constraint.endsWith('_redis_identity')
  );
}
