import type { DeadLetter } from '../letters/dead-letters';
import type { Kind } from '../../mapping/kinds';
import { type Found, unpackFound, unpackMember } from '../record/found';
import { absent, PackedError, PackedReader } from '../record/packed';
import { shapeOf } from '../record/shape';
import { Unfit } from '../record/unfit';
import { changesStream } from '../../writer/keys';

/** Packed records, one after another. */
export interface Carried {
  readonly kind: Kind;
  readonly value: Buffer;
  /** Undefined: they were looked up. */
  readonly from?: Origin;
}

/** A pair of a stream entry. */
export interface Origin {
  readonly entryId: string;
  /** From 0. */
  readonly pair: number;
}

/** Each record alone; what is none, to its end, comes last. */
export function* split(carried: Carried): Generator<Carried> {
  const { value } = carried;
  const records = new PackedReader(value);
  let at = 0;
  if (value.length === 0) yield carried;
  try {
    for (; records.next(); at = records.end) yield { ...carried, value: value.subarray(at, records.end) };
  } catch (error) {
    if (!(error instanceof PackedError)) throw error;
    yield { ...carried, value: value.subarray(at) };
  }
}

/** How many `split` would make of it, told by the headers alone. @param ids gets those of the packed kind that are numbers */
export function countRecords({ kind, value }: Carried, ids: number[]): number {
  const whole = 1 + kind.parents.length * 2 + shapeOf(kind).count(kind);
  const records = new PackedReader(value);
  let count = 0;
  try {
    for (; records.next(); count++) {
      const { start, lengths } = records;
      const length = lengths[0] ?? absent;
      const id = kind.packed && records.count === whole ? idAt(value, start, start + length) : NaN;
      if (!Number.isNaN(id)) ids.push(id);
    }
  } catch (error) {
    if (!(error instanceof PackedError)) throw error;
    return count + 1;
  }
  return Math.max(count, 1);
}

/** Ids of more digits are for row.ts to judge. */
const mostDigits = 15;
const [zero, nine] = [0x30, 0x39];

/** The number that these bytes are; NaN for what is not the one way to write it. */
export function idAt(value: Buffer, from: number, to: number): number {
  if (to - from > mostDigits || to <= from || (value[from] === zero && to - from > 1)) return NaN;
  let id = 0;
  for (let at = from; at < to; at++) {
    const byte = value[at] ?? 0;
    if (byte < zero || byte > nine) return NaN;
    id = id * 10 + byte - zero;
  }
  return id;
}

/** What a single one is. @throws PackedError */
export const recordIn = ({ kind, value }: Carried): Found =>
  kind.shape === 'members' ? unpackMember(kind, value) : unpackFound(kind, value);

/** A stream entry itself cannot be applied: it is its own key. */
export function strange({ entryId, pair }: Origin, field: string, message: string): DeadLetter {
  const key = Buffer.from(`${changesStream} ${entryId} ${pair} ${field.slice(0, 60)}`, 'latin1');
  const reason = new Unfit('E_STREAM_FIELD', undefined, message);
  return { kind: '?', key, distinction: '', reason, entryId };
}

/** A stream entry was too large to be looked at. @param told its id and, if that is known, its size */
export function largeEntry(told: string): DeadLetter {
  const [entryId = '', bytes = ''] = told.slice(0, 60).split(' ');
  const key = Buffer.from(`${changesStream} ${entryId}`, 'latin1');
  const size = bytes === '' ? 'was far larger than' : `took ${bytes} bytes, more than`;
  const message = `the entry ${size} MAX_RECORD_SIZE: it was not read, and a full pass looks for what it told`;
  return { kind: '?', key, distinction: '', reason: new Unfit('E_TOO_LARGE', undefined, message), entryId };
}
