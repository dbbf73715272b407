import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { requireCompany } from './file/alone';
import { type CaptureStep, ownObjects, planCapture } from './capture';
import { type CatalogueEntry, readCatalogue } from './catalogue';
import { Changelog, type ChangelogPage } from './changelog';
import { openForReading, requireFile, sqliteError } from './file/database';
import { type DocumentEntry, readDocuments } from './documents/catalogue';
import { planDocuments } from './documents/plan-capture';
import { DocumentTruth } from './documents/document-truth';
import { parseLoggedType } from './documents/logged';
import {
  type Doubt,
  type Fanned,
  type FanNomination,
  type Nomination,
  Nominator,
} from './documents/nominator';
import { type Ground, groundAt, groundUnder, sameFile, sameGround } from './file/ground';
import type { AliasCase, AliasMapping } from '../../mapping/alias-tables';
import type { DocumentMapping } from '../../mapping/documents';
import type { KeyTruth } from './key-truth';
import { AliasTruth } from './truth';

export interface SourceOptions {
  readonly path: string;
  readonly mappings: readonly AliasMapping[];
  readonly aliasCase: AliasCase;
  /** None when it is left out. */
  readonly documents?: readonly DocumentMapping[] | undefined;
}

/** Called when rows of the changelog do not tell all that documents watch: a pass over their keys has to follow. */
export type OnDoubt = (about: {
  readonly reason: string;
  readonly doubt: Doubt;
  readonly documents: ReadonlySet<string>;
}) => void;

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
  readonly documents: readonly DocumentEntry[];
  /** By name, for the mappings that can be served. */
  readonly truths: ReadonlyMap<string, KeyTruth>;
  /** Those of them that are alias tables. */
  readonly aliasTruths: ReadonlyMap<string, AliasTruth>;
  /** Those of them that are documents. */
  readonly documentTruths: ReadonlyMap<string, DocumentTruth>;
  /** undefined unless the capture is complete: a changelog that misses changes is no log to follow. */
  readonly changelog: Changelog | undefined;
  /** What has to be done for the capture to be complete. */
  readonly captureSteps: readonly CaptureStep[];
  /** Why the capture is not complete. */
  readonly captureGaps: readonly string[];
  /** What documents needed once, and none does now. */
  readonly leftovers: readonly string[];
  readonly #db: Database;
  readonly #nominator: Nominator;
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
    this.documents = readDocuments(db, options.documents ?? []);
    const served = this.documents.filter((entry) => entry.state === 'served');
    this.documentTruths = new Map(
      served.map(({ mapping, table, columns }) => [
        mapping.name,
        new DocumentTruth(db, mapping, table, columns),
      ]),
    );
    this.truths = new Map<string, KeyTruth>([...this.aliasTruths, ...this.documentTruths]);
    this.#nominator = new Nominator(db, served);
    const capture = { documents: this.documents, tidy: false };
    this.captureSteps = planCapture(db, this.entries, options.aliasCase, capture);
    this.captureGaps = this.captureSteps.map((step) => step.reason);
    const present = new Map(ownObjects(db).map((object) => [object.name, object]));
    this.leftovers = planDocuments(db, this.documents, present, true)
      .map((step) => step.reason)
      .filter((reason) => !this.captureGaps.includes(reason));
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

  /** Which keys a page of the changelog names, by mapping. */
  nominations(page: Pick<ChangelogPage, 'nominations'>, onDoubt: OnDoubt): readonly Nomination[] {
    return [...page.nominations].flatMap(([type, names]): readonly Nomination[] => {
      const logged = parseLoggedType(type);
      if (logged === undefined) return [{ type, names }];
      const doubted = { unlogged: new Set<string>(), untold: new Set<string>() };
      const found = this.#nominator.nominate(logged, names, (name, doubt) => doubted[doubt].add(name));
      const reason = `what changed in ${logged.table} is not told by its triggers`;
      for (const doubt of ['unlogged', 'untold'] as const)
        if (doubted[doubt].size > 0) onDoubt({ reason, doubt, documents: doubted[doubt] });
      return found;
    });
  }

  /** Asks the SELECT of a watch for its next keys, at most 50,000. */
  fanOut(nomination: FanNomination): Fanned {
    return this.#nominator.fanOut(nomination);
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

  /** Whether it can be read: it is closed for a moment whenever the log is folded. */
  get isOpen(): boolean {
    return this.#db.open;
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
