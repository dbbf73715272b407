import { asRetryable, isFatal, MillraceError } from '../errors';
import { installCapture } from './capture';
import { AliasSource, type SourceOptions } from './source';

export interface KeeperOptions extends SourceOptions {
  /** Install and mend the capture when it is incomplete. */
  readonly install: boolean;
}

/** The source as it is now, and what the lane has to know of how it came to be so. */
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

/** Keeps the right file open with the capture installed, whatever the file's owner does to it. */
export class SourceKeeper {
  readonly #options: KeeperOptions;
  #source: AliasSource | undefined;
  /** How the source looked when last seen, to tell what is new. */
  #seen: { readonly tables: string; readonly captured: boolean } | undefined;
  #checkedAt = 0;
  #installAfter = 0;
  #cannotWrite: string | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get source(): AliasSource | undefined {
    return this.#source;
  }

  /** Why the capture cannot be installed, when it cannot. */
  get cannotWrite(): string | undefined {
    return this.#cannotWrite;
  }

  /**
   * Opens the file the first time; later looks, every quarter of a second, whether it is still the same.
   * @throws fatal errors when the file was never open (a setting is wrong), the same as retryable later (it may come back).
   */
  refresh(now = performance.now()): Refreshed {
    if (this.#source !== undefined && now - this.#checkedAt < checkMs) {
      return { source: this.#source, incidents: [], needsPass: false };
    }
    this.#checkedAt = now;
    try {
      return this.#look(now);
    } catch (error) {
      if (this.#seen === undefined || !isFatal(error)) throw error;
      this.close();
      throw asRetryable(error);
    }
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  #look(now: number): Refreshed {
    const incidents: string[] = [];
    const before = this.#source;
    const change = before?.changes() ?? 'missing';
    let needsPass = false;
    if (before === undefined || change !== 'same') {
      // Two openings of different files behind one path would share one -wal and one -shm.
      if (change === 'replaced') this.close();
      this.#source = AliasSource.open(this.#options);
      before?.close();
      if (before === undefined && this.#seen !== undefined) {
        incidents.push('the SQLite file is back');
        needsPass = true;
      } else if (change === 'replaced') {
        incidents.push('the SQLite file was replaced by another');
        needsPass = true;
        this.#installAfter = 0;
      }
    }
    if (this.#mend(now, incidents)) needsPass = true;
    const source = this.#source ?? AliasSource.open(this.#options);
    this.#source = source;
    const seen = { tables: describeTables(source), captured: source.changelog !== undefined };
    if (this.#seen !== undefined && seen.tables !== this.#seen.tables) {
      incidents.push(`the alias tables changed: ${seen.tables}`);
      needsPass = true;
    }
    this.#seen = seen;
    return { source, incidents, needsPass };
  }

  /** Installs what the capture lacks. Never waits for the write lock: the next look tries again. @returns true when it did. */
  #mend(now: number, incidents: string[]): boolean {
    const source = this.#source;
    if (source === undefined || !this.#options.install || now < this.#installAfter) return false;
    if (source.captureGaps.length === 0 || source.truths.size === 0) return false;
    const { path, mappings, aliasCase } = this.#options;
    let steps;
    try {
      steps = installCapture(path, mappings, aliasCase);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      if (error.code === 'E_DB_BUSY') return false;
      if (error.code !== 'E_DB_CANNOT_OPEN') throw error;
      this.#cannotWrite = error.message;
      this.#installAfter = now + readonlyRetryMs;
      return false;
    }
    this.#cannotWrite = undefined;
    if (steps.length === 0) return false; // another instance was faster
    const again = this.#seen?.captured === true;
    if (again) incidents.push(`the capture was mended: ${steps.map((step) => step.reason).join(', ')}`);
    this.#source = AliasSource.open(this.#options);
    source.close();
    return this.#seen !== undefined;
  }
}

/** The served tables with their mapped columns, and the others with the reason: what a pass depends on. */
const describeTables = (source: AliasSource): string =>
  source.entries
    .map((entry) =>
      entry.state === 'served'
        ? `${entry.table}(${entry.idColumn}, ${entry.aliasColumn})`
        : `${entry.mapping.table} ${entry.reason}`,
    )
    .join(', ');
