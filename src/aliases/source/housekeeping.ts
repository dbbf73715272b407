import { statSync } from 'node:fs';
import { pruneChangelog } from './changelog';
import { logHolds } from './file/alone';
import type { AliasSource } from './source';
import type { SourceKeeper } from './source-keeper';

/** A file that nobody has written to for this long is at rest. */
const restMs = 2_000;
/** A file that is never at rest is pruned all the same after this long, in smaller steps. */
const patienceMs = 60_000;

/** How often the file is looked at: is it at rest? */
const lookMs = 50;

/** Rows pruned in one transaction: about a millisecond of the write lock at rest, a fifth of that among writers. */
const step = { atRest: { rows: 1_000, againMs: 50 }, amongWriters: { rows: 200, againMs: 250 } } as const;
const pruneMs = 10_000;
/** How often the write-ahead log is folded at the most: it takes a process of its own. */
const foldMs = 5_000;
/** How often folding is tried while another program has the file open: that program may stay connected for days. */
const inUseMs = 60_000;

/** Prunes the changelog and folds the write-ahead log, when nobody else is writing. Gives up at once when the file is locked. */
export class Housekeeping {
  #restedAt = Date.now();
  #lookAt = 0;
  #pruneAt = 0;
  #foldAt = 0;

  /**
   * Does what is due. @param consumedSeq the last consumed changelog row, acknowledged by Redis.
   * @returns 'folded' when the source was closed so that the log could be folded
   * @throws E_DB_BUSY, E_DB_MOVED and E_DB_CANNOT_OPEN, which can wait for the next call.
   */
  async tick(
    keeper: SourceKeeper,
    source: AliasSource,
    consumedSeq: number | undefined,
    now = Date.now(),
  ): Promise<'folded' | undefined> {
    if (now < this.#lookAt) return;
    this.#lookAt = now + lookMs;
    const path = source.realPath;
    const resting = now - lastWrite(path) >= restMs;
    if (resting) this.#restedAt = now;
    if (resting && now >= this.#foldAt && logHolds(path)) {
      this.#foldAt = now + foldMs;
      const verdict = await keeper.fold();
      if (verdict === 'in use') this.#foldAt = now + inUseMs;
      if (verdict !== undefined) return 'folded';
    }
    if (consumedSeq === undefined || now < this.#pruneAt) return;
    if (!resting && now - this.#restedAt < patienceMs) return;
    this.#pruneAt = now + pruneMs;
    if (source.changelog?.prunable(consumedSeq, now) !== true) return;
    const { rows, againMs } = resting ? step.atRest : step.amongWriters;
    if (pruneChangelog(path, consumedSeq, rows, now) === rows) this.#pruneAt = now + againMs;
    return;
  }
}

const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const lastWrite = (path: string): number => Math.max(modified(path), modified(`${path}-wal`));
