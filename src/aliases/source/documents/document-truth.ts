import type { Database } from 'better-sqlite3';
import { documentKeyspace, type DocumentMapping, type Keyspace } from '../../../mapping/documents';
import type { KeyTruth, WalkPage } from '../key-truth';
import type { Column, Table } from '../table';
import type { UnservedRange, UnservedRow } from '../unserved';
import { type Fault, type KeyPage, KeyWalk } from './key-walk';
import { DocumentReader, type Read } from './reader';

/** A page of a walk holds no more than this (or one key), in characters. */
const pageSize = 2_000_000;

/** Turns the rows of one document into its Redis contents: by look-up of named keys, or by walking all keys of its table in order. */
export class DocumentTruth implements KeyTruth {
  readonly keyspace: Keyspace;
  readonly live = true;
  readonly #document: DocumentMapping;
  readonly #walk: KeyWalk;
  readonly #reader: DocumentReader;
  /** What the last page left out, so that the question for it costs nothing. */
  #left: { readonly after: unknown; readonly faults: readonly Fault[] } | undefined;

  /** @param table what is walked. @param columns its key columns, in the order of the template */
  constructor(db: Database, document: DocumentMapping, table: Table, columns: readonly Column[]) {
    this.#document = document;
    this.keyspace = documentKeyspace(document);
    this.#walk = new KeyWalk(db, table, columns, document.key);
    this.#reader = new DocumentReader(db, document, columns);
  }

  refresh(): void {
    // Each answer is read anew.
  }

  /** @param most for the values of several names, in characters: the values of the first few names are given, if all are more */
  lookUp(names: readonly string[], most = Infinity): readonly string[] {
    return this.#read(names, most).values;
  }

  /** Why a key can have no value though there are rows for it; undefined: it can. */
  faultOf(name: string): string | undefined {
    return this.#read([name], Infinity).faults[0]?.reason;
  }

  absent(names: readonly string[]): readonly number[] {
    const absent: number[] = [];
    for (let start = 0; start < names.length;) {
      const values = this.lookUp(names.slice(start), pageSize);
      values.forEach((value, position) => {
        if (value === '') absent.push(start + position);
      });
      start += values.length;
    }
    return absent;
  }

  countUnkeyed(): number {
    return this.#walk.countUnkeyed();
  }

  walk(after: unknown, maximum: number): WalkPage {
    let limit = Math.max(1, maximum);
    let page = this.#page(after, limit);
    let read = this.#reader.read(page.names, pageSize);
    while (read === 'large') {
      limit = Math.max(1, limit >> 2);
      page = this.#page(after, limit);
      read = limit === 1 ? this.#read(page.names, Infinity) : this.#reader.read(page.names, pageSize);
    }
    const aliases: string[] = [];
    const values: string[] = [];
    for (const [position, name] of page.names.entries()) {
      const value = read.values[position] ?? '';
      if (value === '') continue; // no row of it is one of the document
      aliases.push(name);
      values.push(value);
    }
    const faults = [...page.faults, ...read.faults];
    this.#left = { after, faults };
    return { aliases, values, next: page.next, skipped: faults.length, undecodable: [] };
  }

  unserved({ from, limit }: UnservedRange): readonly UnservedRow[] {
    if (this.#left === undefined || this.#left.after !== from) this.walk(from, 1_000);
    const faults = [...(from === undefined ? this.#walk.unkeyed(limit) : []), ...(this.#left?.faults ?? [])];
    const { name: type, rows } = this.#document;
    return faults
      .slice(0, limit)
      .map(({ name, reason }) => ({ type, table: rows.table, alias: name, id: null, reason }));
  }

  undecodable(): readonly UnservedRow[] {
    return []; // they are among the unserved rows
  }

  #page(after: unknown, limit: number): KeyPage {
    return this.#walk.page(after as KeyPage['next'], limit);
  }

  #read(names: readonly string[], most: number): Read {
    let some = names;
    let read = this.#reader.read(some, most);
    while (read === 'large') {
      some = some.slice(0, Math.max(1, some.length >> 2));
      read = this.#reader.read(some, most);
    }
    return read;
  }
}
