import type { Database, Statement } from 'better-sqlite3';
import { writing } from './file/database';
import type { AliasCase } from '../../mapping/alias-tables';
import { longestAlias } from './truth-statements';

/** A place in one changelog: the last consumed row. `nonce` tells the row from another of the same seq: a file that is restored counts on from an older one. */
export interface ChangelogPosition {
  readonly changelog: string;
  readonly seq: number;
  readonly nonce: string;
}

export interface ChangelogPage {
  /** Distinct nominated aliases by type, in first-seen order; for tables that documents watch, what was logged: see documents/logged.ts. */
  readonly nominations: ReadonlyMap<string, readonly string[]>;
  /** After the page's last row. */
  readonly position: ChangelogPosition;
  readonly rows: number;
  /** When the page's oldest row was written, in milliseconds since 1970; undefined for an empty page. */
  readonly since: number | undefined;
}

/** The rows of a page as two JSON arrays, what each names and of which type: parsing these is faster than making an object of each row, and leaves less behind. */
type Rows = readonly [rows: number, last: number, since: number, types: string, names: string];

const day = 86_400_000;

/** A page holds no more than this (or one row), so that megabyte aliases do not make gigabyte pages. */
const pageBytes = 2_000_000;

/** Reads the changelog that the triggers write. Construct it only when the tables exist. */
export class Changelog {
  readonly #readId: Statement<[], string>;
  #id: string;
  readonly #db: Database;
  readonly #pair: Statement<[seq: number], readonly [seq: number, nonce: string]>;
  readonly #page: Statement<[seq: number, limit: number], Rows>;
  readonly #size: Statement<[seq: number, limit: number], number>;
  readonly #head: Statement<[], { seq: number; nonce: string }>;
  readonly #backlog: Statement<[seq: number], { rows: number; oldestAt: number | null }>;
  readonly #length: Statement<[], number>;
  readonly #oldest: Statement<[seq: number, before: number], number>;

  constructor(db: Database, aliasCase: AliasCase) {
    const key = aliasCase === 'lower' ? 'LOWER(alias)' : 'CAST(alias AS TEXT)';
    this.#readId = db.prepare<[], string>('SELECT id FROM millrace_changelog_id').pluck();
    this.#id = this.#currentId();
    this.#db = db;
    this.#pair = db
      .prepare<[number], readonly [number, string]>(
        'SELECT seq, CAST(nonce AS TEXT) FROM millrace_changelog WHERE seq >= ? ORDER BY seq LIMIT 2',
      )
      .raw();
    this.#size = db
      .prepare<[number, number], number>(
        'SELECT sum(octet_length(a)) FROM (SELECT alias AS a FROM millrace_changelog WHERE seq > ? ORDER BY seq LIMIT ?)',
      )
      .pluck();
    this.#page = db
      .prepare<[number, number], Rows>(
        `SELECT count(*), max(seq), min(at), json_group_array(CASE WHEN typeof(type) = 'text' THEN type END), json_group_array(name)
         FROM (SELECT seq, at, type, CASE WHEN type >= 't:' AND type < 't;' THEN CAST(alias AS TEXT)
                 WHEN typeof(alias) <> 'blob' AND octet_length(alias) <= ${longestAlias} THEN ${key} END AS name
               FROM millrace_changelog WHERE seq > ? ORDER BY seq LIMIT ?)`,
      )
      .raw();
    this.#head = db.prepare(
      'SELECT seq, CAST(nonce AS TEXT) AS nonce FROM millrace_changelog ORDER BY seq DESC LIMIT 1',
    );
    this.#length = db
      .prepare<[], number>(
        `SELECT coalesce((SELECT max(seq) FROM millrace_changelog) - (SELECT min(seq) FROM millrace_changelog) + 1, 0)`,
      )
      .pluck();
    this.#oldest = db
      .prepare<[number, number], number>(
        'SELECT 1 FROM (SELECT at FROM millrace_changelog WHERE seq < ? ORDER BY seq LIMIT 1) WHERE at < ?',
      )
      .pluck();
    this.#backlog = db.prepare(
      'SELECT count(*) AS rows, min(at) AS oldestAt FROM millrace_changelog WHERE seq > ?',
    );
  }

  /** The changelog's id as of the last read: mending the capture gives it another. */
  get id(): string {
    return this.#id;
  }

  /** The newest row: where a tail starts when a full pass covers everything before. */
  head(): ChangelogPosition {
    const row = this.#head.get();
    return { changelog: this.#currentId(), seq: row?.seq ?? 0, nonce: row?.nonce ?? '' };
  }

  /** How many rows there are: last seq minus first, each asked for alone, for SQLite reads all rows of a million otherwise. (A rolled back transaction leaves no gap.) */
  length(): number {
    return this.#length.get() ?? 0;
  }

  /** What waits after the position: how many rows, and when the oldest of them was written (milliseconds since 1970). */
  backlog(position: ChangelogPosition): { readonly rows: number; readonly oldestAt: number | null } {
    return this.#backlog.get(position.seq) ?? { rows: 0, oldestAt: null };
  }

  /** Whether the position's own row is still there: then what comes after it is all that happened since. */
  continues(position: ChangelogPosition): boolean {
    return this.#currentId() === position.changelog && this.#holds(position, this.#pair.get(position.seq));
  }

  /** Whether `pruneChangelog` would find something: asked of the oldest row alone. */
  prunable(consumedSeq: number, now: number): boolean {
    return this.#oldest.get(consumedSeq, now - day) !== undefined;
  }

  /** Rows after the position; 'broken' when its own row is not there any more (restored, wiped, pruned, another file). */
  read(position: ChangelogPosition, maximum: number): ChangelogPage | 'broken' {
    if (position.changelog !== this.#currentId()) return 'broken';
    // An idle daemon asks this forty times a second: is the position's row there, and is there one after it?
    const [own, another] = this.#pair.all(position.seq);
    if (!this.#holds(position, own)) return 'broken';
    if (another === undefined) return { nominations: new Map(), position, rows: 0, since: undefined };
    // In one transaction, for the rows count as the continuation only if the position's row and nonce are there with them.
    return this.#db.transaction(() =>
      this.continues(position) ? this.#readAfter(position, maximum) : 'broken',
    )();
  }

  #currentId(): string {
    return (this.#id = this.#readId.get() ?? '');
  }

  #holds(position: ChangelogPosition, row: readonly [seq: number, nonce: string] | undefined): boolean {
    return row?.[0] === position.seq && row[1] === position.nonce;
  }

  #readAfter(position: ChangelogPosition, maximum: number): ChangelogPage {
    let limit = maximum;
    while (limit > 1 && (this.#size.get(position.seq, limit) ?? 0) > pageBytes)
      limit = Math.max(1, limit >> 2);
    const [rows = 0, last = 0, since, types = '[]', names = '[]'] = this.#page.get(position.seq, limit) ?? [];
    const [, nonce] = this.#pair.get(last) ?? [];
    if (rows === 0 || nonce === undefined)
      return { nominations: new Map(), position, rows: 0, since: undefined };
    const typeOf = JSON.parse(types) as readonly (string | null)[];
    const nominations = new Map<string, Set<string>>();
    for (const [row, name] of (JSON.parse(names) as readonly (string | null)[]).entries()) {
      const type = typeOf[row] ?? null;
      if (type === null || name === null) continue;
      const named = nominations.get(type);
      if (named === undefined) nominations.set(type, new Set([name]));
      else named.add(name);
    }
    return {
      nominations: new Map([...nominations].map(([type, aliases]) => [type, [...aliases]])),
      position: { ...position, seq: last, nonce },
      rows,
      since,
    };
  }
}

/** Whether two ids belong to the same changelog; mending its capture changes only what comes after the dot. */
export const sameLog = (one: string, other: string): boolean =>
  one.split('.', 1)[0] === other.split('.', 1)[0];

/**
 * Deletes consumed rows older than a day, at most `limit`, and never the last consumed one. One short transaction on a
 * connection of its own, which gives up at once when a writer holds the lock.
 * @throws E_DB_BUSY, E_DB_MOVED or E_DB_CANNOT_OPEN: try later. @returns rows deleted.
 */
export const pruneChangelog = (path: string, consumedSeq: number, limit: number, now: number): number =>
  writing(
    path,
    (db) =>
      db
        .prepare<[number, number, number]>(
          `DELETE FROM millrace_changelog WHERE seq IN
             (SELECT seq FROM millrace_changelog WHERE seq < ? AND at < ? ORDER BY seq LIMIT ?)`,
        )
        .run(consumedSeq, now - day, limit).changes,
  );
