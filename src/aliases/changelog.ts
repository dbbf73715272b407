import type { Database, Statement } from 'better-sqlite3';
import { openForWriting, sqliteError } from './database';
import type { AliasCase } from './mapping';

/** A place in one changelog: the last consumed row. `nonce` tells the row from another of the same seq. (TRAPS: SQLite 6) */
export interface Position {
  readonly changelog: string;
  readonly seq: number;
  readonly nonce: string;
}

export interface ChangelogPage {
  /** Distinct nominated aliases by type, in first-seen order. */
  readonly nominations: ReadonlyMap<string, readonly string[]>;
  /** After the page's last row. */
  readonly position: Position;
  readonly rows: number;
  /** When the page's first row was written, in milliseconds since 1970; undefined for an empty page. */
  readonly since: number | undefined;
}

type Row = readonly [seq: number, nonce: string, type: string | null, alias: string | null, at: number];

const day = 86_400_000;

/** A page is cut to about this many characters, so that megabyte aliases do not make gigabyte pages. */
const pageCharacters = 2_000_000;

/** Reads the changelog that the triggers write. Construct it only when the tables exist. */
export class Changelog {
  readonly id: string;
  readonly #page: Statement<[seq: number, limit: number], Row>;
  readonly #head: Statement<[], { seq: number; nonce: string }>;
  readonly #backlog: Statement<[seq: number], { rows: number; oldestAt: number | null }>;
  readonly #oldest: Statement<[seq: number, before: number], number>;
  #limit = 100;

  constructor(db: Database, aliasCase: AliasCase) {
    const key = aliasCase === 'lower' ? 'LOWER(alias)' : 'CAST(alias AS TEXT)';
    this.id = db.prepare<[], string>('SELECT id FROM millrace_changelog_id').pluck().get() ?? '';
    // From the checkpoint's own row on: that it is still there, with its nonce, is what makes the page a continuation.
    this.#page = db
      .prepare<[number, number], Row>(
        `SELECT seq, CAST(nonce AS TEXT), type, CASE WHEN typeof(alias) <> 'blob' THEN ${key} END, at
         FROM millrace_changelog WHERE seq >= ? ORDER BY seq LIMIT ?`,
      )
      .raw();
    this.#head = db.prepare(
      'SELECT seq, CAST(nonce AS TEXT) AS nonce FROM millrace_changelog ORDER BY seq DESC LIMIT 1',
    );
    this.#oldest = db
      .prepare<[number, number], number>(
        'SELECT 1 FROM (SELECT at FROM millrace_changelog WHERE seq < ? ORDER BY seq LIMIT 1) WHERE at < ?',
      )
      .pluck();
    this.#backlog = db.prepare(
      'SELECT count(*) AS rows, min(at) AS oldestAt FROM millrace_changelog WHERE seq > ?',
    );
  }

  /** The newest row: where a tail starts when a full pass covers everything before. */
  head(): Position {
    const row = this.#head.get();
    return { changelog: this.id, seq: row?.seq ?? 0, nonce: row?.nonce ?? '' };
  }

  /** What waits after the position: how many rows, and when the oldest of them was written (milliseconds since 1970). */
  backlog(position: Position): { readonly rows: number; readonly oldestAt: number | null } {
    return this.#backlog.get(position.seq) ?? { rows: 0, oldestAt: null };
  }

  /** Whether the position's own row is still there: then what comes after it is all that happened since. */
  continues(position: Position): boolean {
    return this.id === position.changelog && this.#page.get(position.seq, 1)?.[1] === position.nonce;
  }

  /** Whether `pruneChangelog` would find something. The oldest row is the first to look at. */
  prunable(consumedSeq: number, now: number): boolean {
    return this.#oldest.get(consumedSeq, now - day) !== undefined;
  }

  /** Rows after the position; 'broken' when its own row is not there any more (restored, wiped, pruned, another file). */
  read(position: Position, maximum: number): ChangelogPage | 'broken' {
    if (position.changelog !== this.id) return 'broken';
    const limit = Math.min(maximum, this.#limit);
    const rows = this.#page.all(position.seq, limit + 1);
    const [own, ...after] = rows;
    if (own?.[0] !== position.seq || own[1] !== position.nonce) return 'broken';
    const nominations = new Map<string, Set<string>>();
    let characters = 0;
    for (const [, , type, alias] of after) {
      if (type === null || alias === null) continue;
      characters += alias.length;
      const named = nominations.get(type);
      if (named === undefined) nominations.set(type, new Set([alias]));
      else named.add(alias);
    }
    if (after.length === limit) this.#limit = characters > pageCharacters ? (limit >> 2) + 1 : limit * 2;
    const last = after.at(-1) ?? own;
    return {
      nominations: new Map([...nominations].map(([type, aliases]) => [type, [...aliases]])),
      position: { changelog: this.id, seq: last[0], nonce: last[1] },
      rows: after.length,
      since: after[0]?.[4],
    };
  }
}

/**
 * Deletes consumed rows older than a day, at most `limit`, and never the last consumed one. One short transaction on a
 * connection of its own, which gives up at once when a writer holds the lock.
 * @throws E_DB_BUSY or E_DB_CANNOT_OPEN: try later. @returns rows deleted.
 */
export function pruneChangelog(path: string, consumedSeq: number, limit: number, now: number): number {
  const db = openForWriting(path);
  try {
    return db
      .prepare<[number, number, number]>(
        `DELETE FROM millrace_changelog WHERE seq IN
           (SELECT seq FROM millrace_changelog WHERE seq < ? AND at < ? ORDER BY seq LIMIT ?)`,
      )
      .run(consumedSeq, now - day, limit).changes;
  } catch (error) {
    throw sqliteError(error, path);
  } finally {
    db.close();
  }
}
