import { isUtf8 } from 'node:buffer';
import { type Carried, idAt } from './carried';
import { CopyText, sawHigh, sawNul } from './copy-text';
import { decode } from '../record/decode';
import type { Identity } from '../record/identity';
import { isPlainInstant } from '../record/instant';
import type { Column, Kind, KindName } from '../../mapping/kinds';
import { absent, PackedError, PackedReader } from '../record/packed';
import { referenceTo } from '../record/row';
import { isUnfit } from '../record/unfit';

/** The Postgres id of a record, if it is known without asking. */
export type KnownId = (kind: KindName, identity: Identity) => string | undefined;

export interface KnownParent {
  readonly kind: KindName;
  readonly identity: Identity;
  readonly pgId: string;
}

/** Before the values: the id, the parent's creation time and id. */
const namesCount = 3;

/** COPY is handed over in pieces of about this size: with the value of an entry (64 KB) more it fits into the 256 KB to which the buffer has grown. */
const pieceBytes = 160 * 1024;
const [zero, nine, dash, dot] = [0x30, 0x39, 0x2d, 0x2e];

/** Some record wants a closer look. Does not leave this file. */
class Irregular extends Error {}
const irregular = new Irregular();

/**
 * Records of the packed kind (predictions) that came by value, made into the text of COPY in one walk over their bytes, without an
 * object a record: it is what the speed of the archive hangs on. It takes what is regular, and checks that as strictly as row.ts, for which it leaves
 * the rest (test/archive/batch/carried-copy.test.ts holds the two against each other).
 */
export class CarriedCopy {
  readonly kind: Kind;
  readonly #columns: readonly Column[];
  /** By column: whether the shortest ways are right for it, for none of what they take means none. */
  readonly #isPlain: readonly boolean[];
  readonly #known: KnownId;
  readonly #text = new CopyText();
  readonly #pieces: Buffer[] = [];
  readonly #values: Carried[] = [];
  #size = 0;
  /** By the bytes that name them. */
  readonly #parents = new Map<string, KnownParent & { readonly text: Buffer }>();
  /** Mostly the next record's, too. */
  #last: { readonly createdLength: number; readonly name: Buffer; readonly text: Buffer } | undefined;

  constructor(kind: Kind, known: KnownId) {
    this.kind = kind;
    this.#columns = kind.columns;
    this.#isPlain = kind.columns.map(isPlain);
    this.#known = known;
  }

  /** How many records were taken. */
  get size(): number {
    return this.#size;
  }

  /** What was taken: to be made into rows after all. */
  get values(): readonly Carried[] {
    return this.#values;
  }

  /** The parents, with the ids that were written for them. */
  get parents(): readonly KnownParent[] {
    return [...this.#parents.values()];
  }

  /** The text so far. */
  get pieces(): readonly Buffer[] {
    if (this.#text.length > 0) this.#pieces.push(this.#text.take());
    return this.#pieces;
  }

  /** Takes all records of a value, or none of them. @returns which */
  add(carried: Carried): boolean {
    const before = { length: this.#text.length, size: this.#size };
    try {
      const records = new PackedReader(carried.value);
      while (records.next()) this.#record(carried.value, records);
      if (this.#size === before.size) throw irregular;
    } catch (error) {
      if (!(error instanceof Irregular) && !(error instanceof PackedError)) throw error;
      this.#text.cut(before.length);
      this.#size = before.size;
      return false;
    }
    this.#values.push(carried);
    if (this.#text.length >= pieceBytes) this.#pieces.push(this.#text.take());
    return true;
  }

  #record(value: Buffer, { lengths, count, start }: PackedReader): void {
    const columns = this.#columns;
    const idLength = lengths[0] ?? absent;
    const createdLength = lengths[1] ?? absent;
    const parentLength = lengths[2] ?? absent;
    const named = idLength !== absent && createdLength !== absent && parentLength !== absent;
    if (!named || count !== namesCount + columns.length) throw irregular;
    const idEnd = start + idLength;
    let at = idEnd + createdLength + parentLength;
    const parent = this.#parent(value, idEnd, createdLength, at);
    this.#text.window(parent, 0, parent.length);
    if (Number.isNaN(idAt(value, start, idEnd))) throw irregular;
    this.#text.window(value, start, idEnd);
    for (let index = 0; index < columns.length; index++) {
      const length = lengths[namesCount + index] ?? absent;
      const column = columns[index];
      if (column === undefined) throw irregular;
      if (length !== absent) this.#column(index, value, at, (at += length));
      else if (column.required) throw irregular;
      else this.#text.value(null);
    }
    this.#text.endRow();
    this.#size++;
  }

  #column(index: number, value: Buffer, from: number, to: number): void {
    const text = this.#text;
    const column = this.#columns[index];
    if (column === undefined) throw irregular;
    const decoder = this.#isPlain[index] === true ? column.decoder : undefined;
    if (decoder === 'json') {
      const seen = text.window(value, from, to);
      if ((seen & sawNul) !== 0) throw irregular;
      if ((seen & sawHigh) !== 0 && !isUtf8(value.subarray(from, to))) throw irregular;
    } else if (decoder === 'float' && isPlainNumber(value, from, to)) text.window(value, from, to);
    else if (decoder === 'time' && isPlainInstant(value, from, to)) {
      text.window(value, from, to);
      text.append('+00');
    } else {
      const decoded = fitting(() => decode(column, value.subarray(from, to)));
      if (decoded === null && column.required) throw irregular;
      text.value(decoded);
    }
  }

  /** The Postgres id, as text, of the parent that the bytes name: its creation time, and its id. */
  #parent(value: Buffer, from: number, createdLength: number, to: number): Buffer {
    const last = this.#last;
    if (last?.createdLength === createdLength && isAt(last.name, value, from, to)) return last.text;
    const key = `${createdLength} ${value.toString('latin1', from, to)}`;
    const known = this.#parents.get(key) ?? this.#find(value, from, createdLength, to);
    this.#parents.set(key, known);
    this.#last = { createdLength, name: value.subarray(from, to), text: known.text };
    return known.text;
  }

  #find(value: Buffer, from: number, createdLength: number, to: number) {
    const [parent] = this.kind.parents;
    if (parent === undefined) throw irregular;
    const created = value.subarray(from, from + createdLength);
    const id = value.subarray(from + createdLength, to);
    const reference = fitting(() => referenceTo(parent, { created, id }));
    if (reference?.created === undefined) throw irregular;
    const identity = { id: reference.id, created: reference.created };
    const pgId = this.#known(parent.kind, identity);
    if (pgId === undefined) throw irregular;
    return { kind: parent.kind, identity, pgId, text: Buffer.from(pgId) };
  }
}

/** See isPlainNumber, and isPlainInstant: these take no 0, and nothing that is empty. */
const isPlain = ({ decoder, none }: Column): boolean =>
  none === undefined || (decoder === 'float' && none === '0') || (decoder === 'time' && none === '');

/** row.ts says what is unfit about it. */
function fitting<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw isUnfit(error) ? irregular : error;
  }
}

/** Digits with or without a point, not all of them zeros (0 means none), nothing else. */
function isPlainNumber(value: Buffer, from: number, to: number): boolean {
  let dots = 0;
  let counts = false;
  for (let at = value[from] === dash ? from + 1 : from; at < to; at++) {
    const byte = value[at] ?? 0;
    if (byte > zero && byte <= nine) counts = true;
    else if (byte === dot) dots++;
    else if (byte !== zero) return false;
  }
  return counts && dots <= 1;
}

/** A loop: for so few bytes a call into C++ costs more. */
function isAt(bytes: Buffer, value: Buffer, from: number, to: number): boolean {
  if (bytes.length !== to - from) return false;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== value[from + at]) return false;
  return true;
}
