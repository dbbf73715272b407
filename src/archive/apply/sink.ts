import { type PostgresConnection, sqlState } from '../../connections/postgres';
import { Alterations } from '../write/alterations';
import { type BatchOutcome, type Attempt, nothingApplied } from '../write/attempt';
import { deleteGone, deleteUnnamed } from '../delete/attempt-deletions';
import { Batch } from '../batch/batch';
import type { KnownId, KnownParent } from '../batch/carried-copy';
import type { Checkpoint } from '../position/checkpoint';
import { clear, digestsOfKnown, digestsOfRow, park, release } from '../letters/dead-letters';
import type { Parked } from '../letters/parked';
import { letterOfRefused } from '../delete/delete';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import { compareNumbers } from '../record/id-order';
import { isDataError } from '../write/isolate';
import { keepAll, keepLapsed, partFromLapsed } from '../delete/kept';
import type { Behind } from './relay';
import { bringParents, letterOfOrphan } from '../identity/bring-parents';
import { withParents } from '../identity/parents';
import type { Row } from '../record/row';
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
  readonly onDelete: 'keep' | 'delete';
  readonly parked: Parked;
}

/**
 * The one writer of the archive: rows, id map, dead letters and position in one transaction, which first makes sure that this
 * instance is still the owner and the position the one it believes in.
 */
export class ArchiveSink {
  readonly #options: SinkOptions;
  readonly #ids = new IdMap();
  readonly #alterations = new Alterations();

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  /** What was remembered of ids is void: Redis went backwards, or another instance wrote. */
  forgetIds(): void {
    this.#ids.clear();
    this.#alterations.reset();
  }

  /** For what is prepared ahead. It may be wrong by the time it is applied: then it is made anew. */
  readonly knownId: KnownId = (kind, identity) => this.#ids.get(kind, identity)?.pgId;

  /**
   * Applies a batch and moves the position (or leaves it). Idempotent: every write is by identity.
   * @param direct the position proves that the append-only records are new; where it errs, the attempt is made again without.
   * @param behind for a batch of plain records: they are copied while an earlier batch is not committed yet, and the fence comes
   *   last. Whatever comes in between, the batch is applied again in its turn.
   * @throws Displaced, and what Postgres throws that is not about a record
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
          // Before the commit: its reply may be lost.
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
          // A parent was deleted, or a name taken, by somebody else meanwhile: look again.
          again = false;
          this.#ids.clear();
        } else if (isDataError(error) && !how.careful) how = { direct: false, careful: true };
        else {
          // Whether the commit happened only Postgres knows.
          checkpoint.forget();
          throw error;
        }
      }
    }
  }

  /** @returns undefined when the batch has to be applied the usual way, for which the way is clear then */
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
      await previous; // its failure comes first
      if (isDataError(error)) return undefined;
      checkpoint.forget();
      throw error;
    }
  }

  async #write(attempt: Attempt): Promise<void> {
    const { batch, ids, transaction, applied } = attempt;
    const { targets, truth, checkpoint, strategies, onDelete, parked: letters } = this.#options;
    const { life } = checkpoint;
    const deletions = { targets, truth, life, lettersExist: letters.possible };
    await partFromLapsed(transaction, targets, batch.lapsed, life);
    // First, so that a new record can have the name of a deleted one; what children forbid once more after they have gone.
    const refused = onDelete === 'delete' ? await deleteGone(attempt, batch.deletions, deletions) : [];
    if (!this.#takesCopy(attempt)) batch.spread();
    await bringParents(batch, { ids, targets, truth });
    const landed: Row[] = [];
    for (const [name, target] of targets) {
      const rows = risen(distinct(batch.of(name)));
      if (rows.length === 0 && batch.copy?.kind.name !== name) continue;
      const { resolved, orphans } = withParents(rows, ids);
      for (const orphan of orphans) batch.letters.push(letterOfOrphan(orphan));
      const parked = await writeKind(attempt, target, resolved, strategies);
      for (const { row } of resolved) if (!parked.has(row)) landed.push(row);
    }
    if (onDelete === 'delete') {
      await deleteUnnamed(attempt, targets);
      const again = refused.map(({ deletion }) => deletion);
      for (const { deletion, error } of await deleteGone(attempt, again, deletions)) {
        batch.letters.push(letterOfRefused(deletion, error));
      }
    }
    if (applied.deleted.size > 0) await attempt.alterations.prune(transaction, targets);
    await keepLapsed(transaction, targets, batch.lapsed, life);
    // Parked in an older life of Redis: under these ids this one has other records.
    if (ids.life !== life) await keepAll(transaction, targets);
    await park(transaction, batch.letters, ids.life);
    // Those of this very batch, too: a parent may come with the child that waits for it.
    const matters = letters.possible || batch.letters.length > 0 ? landed : [];
    const known = digestsOfKnown(batch.letters);
    await clear(transaction, [...matters.flatMap(digestsOfRow), ...known], batch.retried);
    const arrived = matters.filter(({ kind }) => kind.identity === 'mapped');
    await release(transaction, arrived.map(({ kind, id }) => `${kind.name}:${id}`)); // prettier-ignore
    applied.parked = batch.letters.length;
    applied.letters = batch.letters;
  }

  /**
   * Whether predictions that are ready as they are may be written so: everything is as it was expected to be, and nobody asks for
   * their rows.
   */
  #takesCopy({ batch, ids, direct, careful }: Attempt): boolean {
    if (!direct || careful || this.#options.parked.possible) return false;
    const known = ({ kind, identity, pgId }: KnownParent) => ids.get(kind, identity)?.pgId === pgId;
    return batch.copy?.parents.every(known) ?? true;
  }
}

/** One row for each identity: the last one read. Append-only rows are told apart by Postgres, which is cheaper. */
function distinct(rows: readonly Row[]): readonly Row[] {
  if (rows[0]?.kind.identity !== 'mapped') return rows;
  return [...new Map(rows.map((row) => [`${row.id} ${row.created ?? ''}`, row])).values()];
}

/**
 * By Redis id, those of kinds that have one of their own: parents come in the order of their children, and what came by value before
 * what was looked up. New rows get their ids in this order, and of two of one name the first has it.
 */
function risen(rows: readonly Row[]): readonly Row[] {
  if (rows.length < 2 || rows[0]?.kind.identity === 'keyed') return rows;
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
