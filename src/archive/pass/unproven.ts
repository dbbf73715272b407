import { microsOf } from '../record/instant';
import { type Timed, timesIn } from '../truth/creation-times';
import type { IdentityRows } from './packed-ids';

const numberBytes = 8;
const rowBytes = 2 * numberBytes;

/**
 * Which of these records have no row with their id and time. A time that a number does not hold is never taken for the same. Pure.
 * @param ids rising numbers of up to 15 digits
 * @param times as Redis has told them
 * @param rows rising by id
 */
export function unproven(ids: readonly string[], times: Buffer, rows: IdentityRows): readonly Timed[] {
  const found: Timed[] = [];
  let row = 0;
  for (const timed of timesIn(ids, times)) {
    const [number, micros] = [Number(timed.id), microsOf(timed.time)];
    while (row < rows.length && numberAt(rows, row) < number) row += rowBytes;
    let isThere = false;
    for (; !isThere && row < rows.length && numberAt(rows, row) === number; row += rowBytes)
      isThere = numberAt(rows, row + numberBytes) === micros;
    if (!isThere) found.push(timed);
  }
  return found;
}

const high = 2 ** 32;

/** Exact below 2^53, and never below it what is not. */
const numberAt = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * high + bytes.readUInt32BE(at + 4);
