import type { Value } from '../record/decode';
import { findPythonNumber } from './not-json';
import { quoteName } from '../record/target';
import { quote, Unfit } from '../record/unfit';

const ranges: Readonly<Record<string, bigint>> = { smallint: 15n, integer: 31n, bigint: 63n };

/**
 * Why a column of this type (as format_type prints it) cannot hold the value, if that is beyond doubt; other values are for Postgres
 * to judge. Asked only after Postgres has refused something without naming the column: it is faster than a savepoint for each record.
 */
export function misfit(column: string, type: string, value: Value | undefined): Unfit | undefined {
  if (value == null) return undefined;
  if (type === 'json' || type === 'jsonb') return isJson(value) ? undefined : notJson(column, type, value);
  if (type === 'double precision') {
    const unlimited = /^\s*[+-]?(inf|nan)/i.test(value.toString()) || Number.isFinite(Number(value));
    return unlimited ? undefined : tooMuch(column, type, value);
  }
  const bits = ranges[type];
  if (bits !== undefined) {
    const number = whole(value);
    const limit = 1n << bits;
    return number === undefined || (number >= -limit && number < limit)
      ? undefined
      : tooMuch(column, type, value);
  }
  const most = /^character(?: varying)?\((\d+)\)$/.exec(type)?.[1];
  return most !== undefined && isLonger(value, Number(most)) ? tooLong(column, type, value) : undefined;
}

/** Whether a text is JSON. JSON.parse takes what Postgres takes; only of \u0000 and halves of surrogate pairs jsonb takes less. */
function isJson(value: Buffer | string): boolean {
  try {
    JSON.parse(value.toString());
    return true;
  } catch {
    return false;
  }
}

function whole(value: Buffer | string): bigint | undefined {
  const text = value.toString();
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
}

/** Whether a text is too long. Postgres counts characters, and cuts off spaces at the end that are too many. */
function isLonger(value: Buffer | string, most: number): boolean {
  return value.length > most && Array.from(value.toString().replace(/ +$/, '')).length > most;
}

/** The reason for a text that is no JSON; names Python's NaN and Infinity, for which we cannot choose a value. (A column of text keeps them.) */
function notJson(column: string, type: string, value: Buffer | string): Unfit {
  const found = findPythonNumber(value.toString());
  if (found === undefined) return new Unfit('22P02', column, `${quote(value)} is not JSON`);
  return new Unfit(
    '22P02',
    column,
    `holds ${found.token} at ${found.place}, which JSON has not, and Postgres' ${type} refuses; write null there, or let the column keep text: ALTER COLUMN ${quoteName(column)} TYPE text, then \`millrace dead-letters retry\``,
  );
}
const tooMuch = (column: string, type: string, value: Value) =>
  new Unfit('22003', column, `${quote(value ?? '')} is out of range for ${type}`);
const tooLong = (column: string, type: string, value: Value) =>
  new Unfit('22001', column, `${quote(value ?? '')} is too long for ${type}`);
