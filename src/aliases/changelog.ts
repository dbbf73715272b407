import type { Database, Statement } from 'better-sqlite3';
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

/** Reads the changelog that the triggers write. Construct it only when the tables exist. */
export class Changelog {
  readonly id: string;
  readonly #page: Statement<[seq: number, limit: number], Row>;
  readonly #head: Statement<[], { seq: number; nonce: string }>;
  readonly #backlog: Statement<[seq: number], number>;

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
    this.#backlog = db
      .prepare<[number], number>('SELECT count(*) FROM millrace_changelog WHERE seq > ?')
      .pluck();
  }

  /** The newest row: where a tail starts when a full pass covers everything before. */
  head(): Position {
    const row = this.#head.get();
    return { changelog: this.id, seq: row?.seq ?? 0, nonce: row?.nonce ?? '' };
  }

  backlog(position: Position): number {
    return this.#backlog.get(position.seq) ?? 0;
  }

  /** Rows after the position; 'broken' when its own row is not there any more (restored, wiped, pruned, another file). */
  read(position: Position, limit: number): ChangelogPage | 'broken' {
    if (position.changelog !== this.id) return 'broken';
    const rows = this.#page.all(position.seq, limit + 1);
    const [own, ...after] = rows;
    if (own?.[0] !== position.seq || own[1] !== position.nonce) return 'broken';
    const nominations = new Map<string, Set<string>>();
    for (const [, , type, alias] of after) {
      if (type === null || alias === null) continue;
      const named = nominations.get(type);
      if (named === undefined) nominations.set(type, new Set([alias]));
      else named.add(alias);
    }
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
 * Deletes consumed rows older than a day, at most `limit`, and never the last consumed one.
 * One short transaction on a connection of its own; a lock held by a writer is an SqliteError SQLITE_BUSY: try later.
 * @returns rows deleted.
 */
export function pruneChangelog(db: Database, consumedSeq: number, limit: number, now: number): number {
  return db
    .prepare<[number, number, number]>(
      `DELETE FROM millrace_changelog WHERE seq IN
         (SELECT seq FROM millrace_changelog WHERE seq < ? AND at < ? ORDER BY seq LIMIT ?)`,
    )
    .run(consumedSeq, now - day, limit).changes;
}
