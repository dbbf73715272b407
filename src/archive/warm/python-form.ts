import { pythonNumber } from '../../writer/python';
import type { Column } from '../../mapping/kinds';
import { isNone } from '../record/decode';

/** Thrown when a column's value cannot be written into Redis so that it would be read back as the same. */
export class Unlike extends Error {}

/** `repr` of a float as Postgres prints it: 1e-05, 0.5, 12.0, nan. */
export function pythonFloat(text: string): string {
  const printed = pythonNumber(Number(text));
  return /^-?\d+$/.test(printed) ? `${printed}.0` : printed;
}

/** `2026-01-05 14:30:00.5` (UTC) -> `2026-01-05T14:30:00.500000`; without a fraction if it is zero. @throws Unlike for infinity, BC … */
export function asPythonTime(text: string): string {
  const [, date, time, fraction = ''] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (date === undefined || time === undefined) throw new Unlike(`${text} is no time of the layout`);
  return fraction === '' ? `${date}T${time}` : `${date}T${time}.${fraction.padEnd(6, '0')}`;
}

const isFloat = (type: string): boolean => type === 'double precision' || type === 'real';

/**
 * Text of a column -> text of a hash field as Python would have written it: the inverse of decode.ts; undefined: the field is absent.
 * Postgres does not know whether a 12 was written as 12 or 12.0: it becomes 12.0, for these columns are floats in Python. @throws Unlike
 */
export function fieldOf(
  { column, decoder, required, none }: Column,
  type: string,
  value: string | null,
): string | undefined {
  if (value === null) {
    if (required) throw new Unlike(`${column} is NULL`);
    return none;
  }
  if (none !== undefined && isNone({ decoder, none }, Buffer.from(value)))
    throw new Unlike(`${column} is ${none === '' ? 'empty' : none}, which means none in Redis`);
  switch (decoder) {
    case 'text':
    case 'json':
      return value;
    case 'integer':
      return value.replace(/\.0+$/, '');
    case 'float':
      return isFloat(type) ? pythonFloat(value) : value;
    case 'time':
      return asPythonTime(value);
    case 'bool':
    case 'uuid':
    case 'bytes':
      throw new Unlike(`${column} is of a type that is not put back`);
  }
}

/** The score of a prediction: minus its Unix time. Made from text, so that no microsecond is lost; the function library writes the same. */
export function newestFirst(time: string): string {
  const seconds = Date.parse(`${time.slice(0, 19)}Z`) / 1_000;
  const fraction = time.slice(20);
  if (seconds > 0) return `-${seconds}.${fraction || '0'}`;
  return String((-seconds * 1_000_000 - Number(fraction)) / 1_000_000);
}
