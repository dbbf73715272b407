import { isUtf8 } from 'node:buffer';
import type { Database } from 'better-sqlite3';
import type { AliasTable } from './catalogue';
import { renderIds } from './ids';
import type { KeyTruth, WalkPage } from './key-truth';
import { type AliasCase, keyPrefix } from '../../mapping/alias-tables';
import type { Keyspace } from '../../mapping/documents';
import {
  type Key,
  lookUpPlan,
  type PageRow,
  type PageStatements,
  prepareTruth,
  type TruthStatements,
} from './truth-statements';
import { type UnservedRange, type UnservedRow, unservedRows } from './unserved';

/** A row of a page, in key order; the id is null where the row can have no key. */
type Row = readonly [key: Key, id: string | null];

/** A page with something large in it is measured first, and holds no more than this (or two rows). */
const pageBytes = 2_000_000;
const undecodableKept = 20;

/** How JavaScript reads bytes that are not valid UTF-8: a legal character too, so a key with it may be another one than was read. */
const replacement = '\uFFFD';

/** Turns one alias table into its Redis contents: by look-up of named aliases, or by walking all of them in order. */
export class AliasTruth implements KeyTruth {
  readonly keyspace: Keyspace;
  readonly #db: Database;
  readonly #table: AliasTable;
  readonly #aliasCase: AliasCase;
  readonly #indexed: boolean;
  #asWritten: AliasTruth | undefined;
  #statements: TruthStatements | undefined;

  constructor(db: Database, table: AliasTable, aliasCase: AliasCase) {
    this.keyspace = { prefix: keyPrefix(table.mapping.type), holds: 'string' };
    this.#db = db;
    this.#table = table;
    this.#aliasCase = aliasCase;
    this.keyspace = { prefix: keyPrefix(table.mapping.type), holds: 'string' };
    this.#indexed = lookUpPlan(db, table, aliasCase) === 'indexed';
  }

  /** Whether each answer tells the table as it is now, not as it was at the snapshot. */
  get live(): boolean {
    return this.#indexed;
  }

  /** Has a table without an index copied anew: everything until the next call is read from that snapshot. */
  refresh(): void {
    if (!this.#indexed) this.#statements = undefined;
  }

  /** The same table by its aliases as they are written, whatever ALIAS_CASE says. */
  get asWritten(): AliasTruth {
    if (this.#aliasCase === 'preserve') return this;
    return (this.#asWritten ??= new AliasTruth(this.#db, this.#table, 'preserve'));
  }

  /** The statements, prepared at their first use, since a snapshot costs a read of the whole table. */
  get #prepared(): TruthStatements {
    this.#statements ??= prepareTruth(this.#db, this.#table, this.#aliasCase, this.#indexed);
    return this.#statements;
  }

  /** The values of the named aliases now, in one statement. */
  lookUp(aliases: readonly string[]): readonly string[] {
    const [positions, found] = this.#prepared.lookUp().get(JSON.stringify(aliases)) ?? ['[]', '[]'];
    const idOf = JSON.parse(found) as readonly (string | null)[];
    const positionOf = JSON.parse(positions) as readonly number[];
    // The rows come alias by alias, in the order in which these are asked for.
    let row = 0;
    return aliases.map((_alias, position) => {
      const ids: string[] = [];
      for (; positionOf[row] === position; row++) {
        const id = idOf[row] ?? null;
        if (id !== null) ids.push(id);
      }
      return renderIds(ids);
    });
  }

  /** Which of the aliases have no key: their positions. Cheaper than looking up their values. */
  absent(aliases: readonly string[]): readonly number[] {
    return this.#prepared
      .absent()
      .all(JSON.stringify(aliases))
      .map(([position]) => position);
  }

  /** Rows that the walk does not reach: a NULL alias, or a blob in a text column. */
  countUnkeyed(): number {
    return this.#prepared.unkeyed().get() ?? 0;
  }

  /** Of the rows that a page left out, a few, and why. Without an index this reads the whole table, whatever the page. */
  unserved(range: UnservedRange): readonly UnservedRow[] {
    return unservedRows(this.#db, this.#table, this.#aliasCase, range);
  }

  /** The aliases of a page that are not valid UTF-8, as unserved rows. */
  undecodable({ undecodable }: WalkPage): readonly UnservedRow[] {
    const { table, mapping } = this.#table;
    return undecodable.map((bytes) => ({
      ...{ type: mapping.type, table, alias: bytes.toString('utf8', 0, 80), id: null },
      reason: 'the alias is not valid UTF-8',
    }));
  }

  /**
   * The next page of distinct aliases in key order. Ends between two aliases, never inside one.
   * @param after `next` of the page before; undefined for the first. @param maximum rows in the page at the most.
   */
  walk(after: unknown, maximum: number): WalkPage {
    const from = after as Key | undefined; // what a page of this walk gave as `next`
    // The first page begins at the empty alias, the lowest text there is, and includes it: it is a key like any other.
    const page = from === undefined ? this.#prepared.first : this.#prepared.next;
    const start = from ?? '';
    let limit = Math.max(2, maximum);
    let rows = readPage(page, start, limit);
    const large = rows === 'large';
    if (rows === 'large' || rows.some(([key]) => mayHaveLostBytes(key))) {
      while (limit > 2 && (page.size().get(start, limit) ?? 0) > pageBytes) limit = Math.max(2, limit >> 2);
      // In one transaction, since the page is read twice: as text, and then as bytes where the text may have lost some.
      rows = this.#db.transaction(() => readBytes(page, start, limit))();
    }
    const full = rows.length === limit;
    // The last alias of a full page may go on behind it: it opens the next page, unless it fills this one.
    let end = rows.length;
    const last = rows.at(-1)?.[0];
    while (full && end > 0 && sameKey(rows[end - 1]?.[0], last)) end--;
    const alone = full && end === 0 ? last : undefined;
    const next = full ? (alone ?? rows[end - 1]?.[0]) : undefined;
    let skipped = large ? (page.tooLong().get(start, next ?? null) ?? 0) : 0;
    if (alone !== undefined) return this.#alone(alone, skipped);

    const aliases: string[] = [];
    const groups: string[][] = [];
    const undecodable: Buffer[] = [];
    for (const [key, id] of rows.slice(0, end)) {
      if (typeof key !== 'string' || typeof id !== 'string') {
        skipped++;
        const told = typeof id !== 'string' || undecodable.length >= undecodableKept; // else it is reported for its id
        if (Buffer.isBuffer(key) && !told) undecodable.push(key);
      } else if (key === aliases.at(-1)) groups.at(-1)?.push(id);
      else {
        aliases.push(key);
        groups.push([id]);
      }
    }
    return { aliases, values: groups.map(renderIds), next, skipped, undecodable };
  }

  /** The page of one alias that has more rows than a page holds. */
  #alone(key: Key, before: number): WalkPage {
    const [rows, usable] = this.#prepared.count().get(key) ?? [0, 0];
    const aliases = typeof key === 'string' && usable > 0 ? [key] : [];
    const skipped = before + (typeof key === 'string' ? rows - usable : rows);
    const undecodable = Buffer.isBuffer(key) && usable > 0 ? [key] : [];
    return { aliases, values: this.lookUp(aliases), next: key, skipped, undecodable };
  }
}

const mayHaveLostBytes = (key: Key): boolean => typeof key === 'string' && key.includes(replacement);

function readPage(page: PageStatements, from: Key, limit: number): readonly Row[] | 'large' {
  const rows = page.rows().all(from, limit);
  return rows.every(isSmall) ? rows : 'large';
}

const isSmall = (row: PageRow): row is readonly [string, string | null] => row[0] !== null && row[1] !== 0;

function readBytes(page: PageStatements, from: Key, limit: number): readonly Row[] {
  const [keys, ids] = page.largeRows().get(from, limit) ?? ['[]', '[]'];
  const idOf = JSON.parse(ids) as readonly (string | null)[];
  return (JSON.parse(keys) as readonly string[]).map((key, position): Row => {
    const bytes = mayHaveLostBytes(key) ? page.rawKey().get(from, position) : undefined;
    return [bytes === undefined || isUtf8(bytes) ? key : bytes, idOf[position] ?? null];
  });
}

const sameKey = (one: Key | undefined, other: Key | undefined): boolean =>
  one === other || (Buffer.isBuffer(one) && Buffer.isBuffer(other) && one.equals(other));
