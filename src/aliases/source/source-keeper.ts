import { statSync } from 'node:fs';
import { asRetryable, isFatal, MillraceError } from '../../foundation/errors';
import { inFew } from '../../foundation/in-few';
import { fold, foldingOf, logHolds } from './file/alone';
import type { FoldVerdict } from './file/fold-process';
import { installCapture, type Renamed } from './install-capture';
import { type FileIdentity, sameFile } from './file/ground';
import { describeTables } from './describe-tables';
import { AliasSource, type SourceChange, type SourceOptions } from './source';

export interface KeeperOptions extends SourceOptions {
  /** Install and mend the capture when it is incomplete. */
  readonly install: boolean;
  /** Called before anything is installed; throws if it must not be (nothing forbids it). */
  readonly beforeInstall?: () => Promise<void>;
  /** Whether a mapping gets a pass anyhow, once its capture is complete (none does). */
  readonly isNew?: (source: AliasSource, name: string) => boolean;
  /** Called before the file is closed for a moment: the last chance to look at it. */
  readonly onFold?: () => void;
}

/** The source as it is now, and what has happened to it since the last `refresh`. */
export interface Refreshed {
  readonly source: AliasSource;
  /** What the owner changed under us, in words. */
  readonly incidents: readonly string[];
  /** Changes may have gone unseen: a full pass has to follow. */
  readonly needsPass: boolean;
}

/** How often the file and its schema are compared with what is open: well within the second in which a change must be noticed. */
const checkMs = 250;
/** How long a file that may not be written to is left alone before trying again. */
const readonlyRetryMs = 30_000;

/** How long a file is left alone after it could not be opened because its -wal or -shm had been deleted or replaced. */
const refusedMs = 1_000;

/** SQLite copies its log into the file right after a commit: a file that is younger than its log by more than this was written by another program. */
const checkpointMs = 1_000;

/** What was lost with the connection, in words; undefined when nothing can have gone unseen. */
const losses: Readonly<Record<SourceChange, string | undefined>> = {
  same: undefined,
  altered: undefined,
  missing: 'the SQLite file is back',
  replaced: 'the SQLite file was replaced by another',
  uprooted: 'the -wal or -shm of the SQLite file was deleted or replaced while it was open',
};

/** Keeps the right file open with the capture installed, whatever the file's owner does to it. */
export class SourceKeeper {
  readonly #options: KeeperOptions;
  /** The connection; undefined while there is none. */
  #open: AliasSource | undefined;
  /** The opening of the file that came last, maybe closed by now: what was read through it is still worth telling. */
  #source: AliasSource | undefined;
  /** How the source looked when last seen, to tell what is new. */
  #seen: { readonly tables: string; readonly captured: boolean } | undefined;
  /** The incidents since the last `refresh`; and whether a pass has to follow. */
  #untold: string[] = [];
  #needsPass = false;
  #checkedAt = 0;
  #folding = false;
  #installAfter = 0;
  #cannotWrite: string | undefined;
  #renamed: Renamed | undefined;
  /** Whether what is left over of documents was looked for: once, for it may be another program's, which brings it back. */
  #tidied = false;
  #refused: { readonly error: MillraceError; readonly until: number } | undefined;
  /** A write-ahead log that may not belong to the file it lies beside. */
  #distrusted: FileIdentity | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get source(): AliasSource | undefined {
    return this.#source;
  }

  /** Whether a pass has to follow of which no `refresh` has told: since then the file could not be opened. */
  get needsPass(): boolean {
    return this.#needsPass;
  }

  /** Whether the file is closed for `fold`; the next `refresh` opens it. */
  get folding(): boolean {
    return this.#folding;
  }

  /** Why the capture cannot be installed, when it cannot. */
  get cannotWrite(): string | undefined {
    return this.#cannotWrite;
  }

  /** Ids of the changelog, which went on when its capture was mended: positions of before are good. */
  get renamed(): Renamed | undefined {
    return this.#renamed;
  }

  /**
   * Opens the file. Later calls look whether the open file is still the one at the path, and, four times a second, whether its
   * schema has changed.
   * @throws fatal errors if the file was never open (a setting is wrong); later the same ones are retryable (the file may come back);
   * what `beforeInstall` throws
   */
  async refresh(now = performance.now()): Promise<Refreshed> {
    const open = this.#open;
    if (open !== undefined && now - this.#checkedAt < checkMs && open.standing() === 'same') {
      return { source: open, incidents: [], needsPass: false };
    }
    this.#checkedAt = now;
    this.#folding = false;
    try {
      const source = await this.#look(now);
      const told = { source, incidents: this.#untold, needsPass: this.#needsPass };
      this.#untold = [];
      this.#needsPass = false;
      return told;
    } catch (error) {
      if (this.#seen === undefined || !isFatal(error)) throw error;
      this.close();
      throw asRetryable(error);
    }
  }

  /** Closes the file without writing anything to it. The next `refresh` opens it anew. */
  close(): void {
    this.release();
    this.#source = undefined;
  }

  /** Closes the file for a moment: `source` stays, for what was read through it. */
  release(): void {
    this.#open?.close();
    this.#open = undefined;
  }

  /**
   * Empties the write-ahead log of a file that nobody else has open: because of our connection SQLite could not do it when the others
   * closed theirs. Not tried when the log is empty; nor when the file was written to after its log, for then another file may have been copied over it.
   * @returns what came of it; undefined when it was not tried
   */
  async fold(): Promise<FoldVerdict | undefined> {
    const source = this.#open;
    if (source?.journalMode !== 'wal' || this.#distrusted !== undefined) return undefined;
    if (!logHolds(source.realPath)) return undefined; // it would take a process, and longer than a pass
    const folding = foldingOf(source.realPath);
    if (source.changes() !== 'same') return undefined;
    this.#options.onFold?.();
    this.release();
    this.#folding = true;
    return fold(folding);
  }

  async #look(now: number): Promise<AliasSource> {
    const change = this.#open?.changes() ?? 'same';
    if (change !== 'same') {
      // The old connection is closed first: all connections of a process share one -shm, however old.
      this.release();
      this.#loses(losses[change]);
    }
    let source = this.#open;
    if (source === undefined) {
      const before = this.#source;
      if (before === undefined && this.#seen !== undefined) this.#loses(losses.missing);
      source = this.#reopen(now);
      // The file may also have been replaced between two openings, while its log was folded, say.
      if (before !== undefined && !sameFile(before.ground.main, source.ground.main)) {
        this.#loses(losses.replaced);
        this.#installAfter = 0;
      }
    }
    this.#judgeLog(source);
    if (await this.#mend(source, now)) {
      this.release();
      source = this.#reopen(now);
    }
    const seen = { tables: describeTables(source), captured: source.changelog !== undefined };
    if (this.#seen !== undefined && seen.tables !== this.#seen.tables)
      this.#loses(`the alias tables changed: ${seen.tables}`);
    this.#seen = seen;
    return source;
  }

  #loses(what: string | undefined): void {
    if (what === undefined) return;
    if (!this.#untold.includes(what)) this.#untold.push(what);
    this.#needsPass = true;
  }

  #reopen(now: number): AliasSource {
    if (this.#refused !== undefined && now < this.#refused.until) throw this.#refused.error;
    this.#refused = undefined;
    try {
      return (this.#source = this.#open = AliasSource.open(this.#options));
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'E_DB_MOVED')
        this.#refused = { error, until: performance.now() + refusedMs };
      throw error;
    }
  }

  /** Distrusts a log that is older than its file, until the log is emptied or replaced: that we then write to it makes it no truer. */
  #judgeLog({ realPath, ground: { wal } }: AliasSource): void {
    const log = statSync(`${realPath}-wal`, { throwIfNoEntry: false });
    const file = statSync(realPath, { throwIfNoEntry: false });
    if (log === undefined || log.size === 0 || !sameFile(this.#distrusted, wal)) this.#distrusted = undefined;
    if (log !== undefined && log.size > 0 && file !== undefined && file.mtimeMs > log.mtimeMs + checkpointMs)
      this.#distrusted = wal;
  }

  /** Installs what the capture lacks. Never waits for the write lock: the next look tries again. @returns whether it was installed */
  async #mend(source: AliasSource, now: number): Promise<boolean> {
    if (!this.#options.install || now < this.#installAfter) return false;
    const tidy = !this.#tidied && source.leftovers.length > 0;
    if (source.captureGaps.length === 0 && !tidy) return false;
    if (source.truths.size === 0 && !tidy) return false;
    const { path, mappings, aliasCase, documents = [], beforeInstall } = this.#options;
    await beforeInstall?.();
    let installed;
    try {
      installed = installCapture(path, mappings, aliasCase, { documents, tidy: !this.#tidied });
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      if (error.code === 'E_DB_BUSY' || error.code === 'E_DB_MOVED') return false;
      if (error.code !== 'E_DB_CANNOT_OPEN') throw error;
      this.#cannotWrite = error.message;
      this.#installAfter = now + readonlyRetryMs;
      return false;
    }
    this.#cannotWrite = undefined;
    this.#tidied = true;
    const { steps, renamed, missed } = installed;
    if (steps.length === 0) return false; // another instance was faster
    const { isNew } = this.#options;
    // Of the others nothing has gone unseen: for them the changelog goes on.
    const goesOn = missed.length > 0 && missed.every((name) => isNew?.(source, name) === true);
    this.#renamed = goesOn ? renamed : undefined;
    if (this.#seen !== undefined && !goesOn) this.#needsPass = true;
    if (this.#seen?.captured === true)
      this.#loses(`the capture was mended: ${inFew(steps.map((step) => step.reason))}`);
    return true;
  }
}
