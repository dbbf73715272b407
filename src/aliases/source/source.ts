import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { requireCompany } from './alone';
import { planCapture } from './capture';
import { type CatalogueEntry, readCatalogue } from './catalogue';
import { Changelog } from './changelog';
import { openForReading, requireFile, sqliteError } from './database';
import { type Ground, groundAt, groundUnder, sameFile, sameGround } from './ground';
import type { AliasCase, AliasMapping } from '../../mapping/alias-tables';
import type { KeyTruth } from './key-truth';
import { AliasTruth } from './truth';

export interface SourceOptions {
  readonly path: string;
  readonly mappings: readonly AliasMapping[];
  readonly aliasCase: AliasCase;
}

const writerPatienceMs = 1_000;

/** What has happened to the file since it was opened. */
export type SourceChange = 'same' | 'missing' | 'replaced' | 'uprooted' | 'altered';

/**
 * One opening of the SQLite file, with everything that depends on its schema: it is opened anew when that changes.
 * Reads are synchronous and short; no transaction stays open between two calls.
 */
export class AliasSource {
  readonly options: SourceOptions;
  /** The files that lay at the path when this one was opened. */
  readonly ground: Ground;
  /** The path behind any symbolic links: -wal and -journal lie beside that. */
  readonly realPath: string;
  readonly journalMode: string;
  readonly entries: readonly CatalogueEntry[];
  /** By name, for the mappings that can be served. */
  readonly truths: ReadonlyMap<string, KeyTruth>;
  /** Those of them that are alias tables. */
  readonly aliasTruths: ReadonlyMap<string, AliasTruth>;
  /** undefined unless the capture is complete: a changelog that misses changes is no log to follow. */
  readonly changelog: Changelog | undefined;
  /** Why the capture is not complete. */
  readonly captureGaps: readonly string[];
  readonly #db: Database;
  readonly #schemaVersion: unknown;
  readonly #modified: bigint;
  #logSize = 0;
  /** The write-ahead log became shorter: SQLite folded it, or somebody cut it, and we read nonsense. Said until the file is opened anew. */
  #emptied = false;
  #looking = 0n;
  #seen = 0n;
  #seenAt = 0;
  #writerSince: number | undefined;

  private constructor(options: SourceOptions, db: Database) {
    this.options = options;
    this.ground = groundUnder(db, options.path);
    this.realPath = realpathSync(options.path);
    this.#db = db;
    this.#modified = modifiedAt(options.path);
    this.#schemaVersion = schemaVersion(db);
    this.journalMode = String(db.pragma('journal_mode', { simple: true }));
    this.entries = readCatalogue(db, options.mappings);
    this.aliasTruths = new Map(
      this.entries.flatMap((entry) =>
        entry.state === 'served'
          ? [[entry.mapping.type, new AliasTruth(db, entry, options.aliasCase)] as const]
          : [],
      ),
    );
    this.truths = this.aliasTruths;
    this.captureGaps = planCapture(db, this.entries, options.aliasCase).map((step) => step.reason);
    // A tail that looked aliases up in a snapshot would write what was true when that was taken.
    const live = [...this.truths.values()].every((truth) => truth.live);
    this.changelog = live && this.captureGaps.length === 0 ? new Changelog(db, options.aliasCase) : undefined;
  }

  /** @throws MillraceError, fatal or retryable, with what to do: see database.ts. */
  static open(options: SourceOptions): AliasSource {
    requireFile(options.path);
    requireCompany(options.path);
    const db = openForReading(options.path);
    try {
      return new AliasSource(options, db);
    } catch (error) {
      db.close();
      throw sqliteError(error, options.path);
    }
  }

  /** Whether the open file is still the one at the path. Cheap: asked before each use. */
  standing(): SourceChange {
    const now = groundAt(this.options.path, this.realPath);
    if (now === undefined) return 'missing';
    if (!sameFile(now.main, this.ground.main)) return 'replaced';
    if (!sameGround(now, this.ground)) {
      return this.journalMode === 'wal' ? 'uprooted' : 'altered'; // where there was no log there is one now
    }
    const logSize = sizeOf(`${this.realPath}-wal`);
    this.#emptied ||= logSize < this.#logSize;
    this.#logSize = logSize;
    return this.#emptied ? 'altered' : 'same';
  }

  /**
   * Compares the file and its schema with what was opened. `altered`: the schema changed, or the main file of a WAL database
   * did (a checkpoint, or another file's bytes copied over it, which an open connection cannot tell apart).
   */
  changes(): SourceChange {
    const standing = this.standing();
    if (standing !== 'same') return standing;
    if (schemaVersion(this.#db) !== this.#schemaVersion) return 'altered';
    return this.journalMode === 'wal' && modifiedAt(this.options.path) !== this.#modified
      ? 'altered'
      : 'same';
  }

  /**
   * In rollback-journal mode a reader can make a writer's commit wait, or fail if it sets no busy timeout. So nothing is read
   * while a journal is being written, unless that lasts. A WAL database never needs this.
   */
  writerActive(now = performance.now()): boolean {
    if (this.journalMode === 'wal' || !journalIsHot(`${this.realPath}-journal`)) {
      this.#writerSince = undefined;
      return false;
    }
    this.#writerSince ??= now;
    return now - this.#writerSince < writerPatienceMs;
  }

  /** Whether it is worth reading: a rollback-journal database is read only when its file has changed, and once a second (see `writerActive`). */
  mayHaveChanged(now = performance.now()): boolean {
    if (this.journalMode === 'wal') return true;
    this.#looking = modifiedAt(this.options.path);
    return this.#looking !== this.#seen || now - this.#seenAt >= writerPatienceMs;
  }

  /** To be called when a read that `mayHaveChanged` had allowed found nothing new. */
  sawNothingNew(now = performance.now()): void {
    this.#seen = this.#looking;
    this.#seenAt = now;
  }

  /** Closes the connection; no log is folded or deleted. May be called twice. */
  close(): void {
    this.#db.close();
  }
}

const schemaVersion = (db: Database): unknown => db.pragma('schema_version', { simple: true });

const modifiedAt = (path: string): bigint =>
  statSync(path, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n;

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** A journal whose header is not zeroed belongs to a transaction under way. (Opening it takes no lock on the database.) */
function journalIsHot(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const header = Buffer.alloc(1);
    return readSync(file, header, 0, 1, 0) === 1 && header[0] !== 0;
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
