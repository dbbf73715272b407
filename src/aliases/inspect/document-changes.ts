import type { Database } from 'better-sqlite3';
import type { DocumentMapping } from '../../mapping/documents';
import { changesBefore } from './changes-before';
import { loggedPrefix, parseLoggedType } from '../source/documents/logged';
import type { AliasSource } from '../source/source';
import type { Nominating } from './trace';

/** A row of the changelog after which the document is looked up. */
export interface DocumentNominating extends Nominating {
  /** The table that was changed. */
  readonly table: string;
}

export interface DocumentChanges {
  /** Newest first: 20 at most, of the newest `looked` rows. */
  readonly changelog: readonly DocumentNominating[];
  readonly looked: number;
  /** Of the changes that name documents by a SELECT, how many were not asked: there were too many. */
  readonly unasked: number;
  /** How many rows of the changelog come before the oldest one of this document that is not applied; null: all are applied. */
  readonly before: number | null;
}

export const noChanges: DocumentChanges = { changelog: [], looked: 0, unasked: 0, before: null };

/** How many rows of the changelog are read. */
const mostChanges = 100_000;
/** How many of them are asked by a SELECT, which may yield thousands of names each. */
const mostAsked = 200;
const mostTold = 20;

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly logged: string;
}

/** Which changes name a document. @param position up to which all is applied; undefined: nothing is */
export function documentChanges(
  { db, source }: { readonly db: Database; readonly source: AliasSource },
  { name: type, watch }: DocumentMapping,
  name: string,
  position: number | undefined,
): DocumentChanges {
  const watched = new Set(watch.map(({ table }) => table.toLowerCase()));
  const newest = db.prepare<[], number>('SELECT max(seq) FROM millrace_changelog').pluck().get() ?? 0;
  const rows = db.prepare<[number, string, string], Row>(
    `SELECT seq, at, type, CAST(alias AS TEXT) AS logged FROM millrace_changelog
     WHERE seq > ? AND type >= ? AND type < ? ORDER BY seq DESC`,
  );
  let asked = 0;
  let unasked = 0;
  const names = (row: Row): boolean => {
    const found = source
      .nominations({ nominations: new Map([[row.type, [row.logged]]]) }, () => undefined)
      .filter((one) => one.type === type);
    if (found.some((one) => 'names' in one && one.names.includes(name))) return true;
    const fans = found.flatMap((one) => ('fan' in one ? [one] : []));
    if (fans.length === 0) return false;
    if (asked >= mostAsked) unasked++;
    return asked++ < mostAsked && fans.some((fan) => source.fanOut(fan).names.includes(name));
  };
  const changelog: DocumentNominating[] = [];
  for (const row of rows.iterate(newest - mostChanges, loggedPrefix, after(loggedPrefix))) {
    const table = parseLoggedType(row.type)?.table;
    if (table === undefined || !watched.has(table.toLowerCase()) || !names(row)) continue;
    const { seq, at } = row;
    changelog.push({ seq, at, table, consumed: position !== undefined && seq <= position });
    if (changelog.length >= mostTold) break;
  }
  const before = changesBefore(db, changelog, position);
  return { changelog, looked: Math.min(newest, mostChanges), unasked, before };
}

/** The lowest text that is behind all that begin so. */
const after = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
