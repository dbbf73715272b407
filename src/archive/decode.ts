import { isUtf8 } from 'node:buffer';
import type { Decoder } from './kinds';

/** Text for a column: bytes as found, or plain ASCII of our own making (times, numbers); null is NULL. */
export type Value = Buffer | string | null;

/** What a column cannot hold, named. The record is parked with this reason; its batch lands without it. */
export class Unfit extends Error {
  readonly code: string;
  readonly column: string | undefined;

  constructor(code: string, column: string | undefined, message: string) {
    super(message);
    this.code = code;
    this.column = column;
  }
}

export function isUnfit(error: unknown): error is Unfit {
  return error instanceof Unfit;
}

const zero = /^[+-]?(?:0+\.?0*|\.0+)(?:[eE][+-]?\d+)?$/;
const floating = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)$/i;
const whole = /^[+-]?\d{1,40}$/;

/**
 * Text of a hash field -> text of a column, by LAYOUTS section 3: 0 means none for some numbers, '' for some times, every
 * other '' stays. What Postgres would take though nobody meant it (`yesterday`, `1_000`) is refused here.
 * @param clean the bytes are known to be UTF-8 without NUL. @throws Unfit
 */
export function decode(decoder: Decoder, column: string, raw: Buffer | undefined, clean: boolean): Value {
  if (raw === undefined) return null;
  if (!clean) requireText(column, raw);
  switch (decoder) {
    case 'text':
    case 'json': // passes through unparsed: Postgres judges
      return raw;
    case 'integer':
      return matching(whole, column, raw, 'a whole number');
    case 'float':
      return matching(floating, column, raw, 'a number');
    case 'float or none': {
      const text = matching(floating, column, raw, 'a number');
      return zero.test(text) ? null : text;
    }
    case 'time or none':
      return raw.length === 0 ? null : `${instant(column, raw)}+00`;
    case 'time':
      return `${instant(column, raw)}+00`;
  }
}

function matching(pattern: RegExp, column: string, raw: Buffer, what: string): string {
  const text = raw.toString('latin1');
  if (!pattern.test(text)) throw new Unfit('22P02', column, `${quote(raw)} is not ${what}`);
  return text;
}

function requireText(column: string, raw: Buffer): void {
  if (raw.includes(0)) throw new Unfit('22021', column, 'holds a NUL byte, which no Postgres text can');
  if (!isUtf8(raw)) throw new Unfit('22021', column, `${quote(raw)} is not UTF-8`);
}

const iso =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?(?:(Z|z)|([+-])(\d\d):?(\d\d)?)?$/;

/**
 * `2026-01-05T14:30:00.5`, naive or with a zone -> `2026-01-05 14:30:00.500000`, in UTC: the same text for the same moment,
 * so that it can be an identity. @throws Unfit
 */
export function instant(column: string, raw: Buffer): string {
  const text = raw.toString('latin1');
  const found = iso.exec(text);
  if (found === null) throw new Unfit('22007', column, `${quote(raw)} is not a time`);
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second = '00',
    fraction = '',
    ,
    sign,
    zoneHour,
    zoneMinute = '00',
  ] = found;
  const micros = fraction.slice(0, 6).padEnd(6, '0');
  const valid = isMoment(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  if (!valid) throw new Unfit('22008', column, `${quote(raw)} is not a time that exists`);
  if (sign === undefined) return `${year}-${month}-${day} ${hour}:${minute}:${second}.${micros}`;
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -60_000 : 60_000);
  if (Number(zoneHour) > 15 || Number(zoneMinute) > 59)
    throw new Unfit('22009', column, `${quote(raw)} has no such time zone`);
  const utc = new Date(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - offset);
  const moved = utc.toISOString();
  if (moved.length !== 24 || moved.startsWith('0000'))
    throw new Unfit('22008', column, `${quote(raw)} is out of range`);
  return `${moved.slice(0, 10)} ${moved.slice(11, 19)}.${micros}`;
}

const daysIn = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function isMoment(year: number, month: number, day: number, hour: number, minute: number, second: number) {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = (daysIn[month - 1] ?? 0) + (leap && month === 2 ? 1 : 0);
  return year > 0 && day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
}

/** A short, printable form for a message. */
export function quote(raw: Buffer | string): string {
  const text = typeof raw === 'string' ? raw : raw.subarray(0, 160).toString('utf8');
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
