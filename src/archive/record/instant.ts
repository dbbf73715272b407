import { quote, Unfit } from './unfit';

const iso =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?(?:(Z|z)|([+-])(\d\d):?(\d\d)?)?$/;

/**
 * `2026-01-05T14:30:00.5`, naive or with a zone -> `2026-01-05 14:30:00.500000`, in UTC: one moment has one text, so that it can
 * be part of an identity. @throws Unfit
 */
export function instant(column: string, raw: Buffer): string {
  return plain(raw) ?? parse(column, raw);
}

function plain(raw: Buffer): string | undefined {
  if (!isPlainInstant(raw, 0, raw.length)) return undefined;
  return `${raw.toString('latin1', 0, 10)} ${raw.toString('latin1', 11)}`;
}

const pattern = Buffer.from('0000-00-00T00:00:00.000000');
const [zero, nine] = [0x30, 0x39];

/** Whether a time has the form of nearly all: naive, with microseconds. No regular expression, for this runs for millions of records. */
export function isPlainInstant(raw: Buffer, from: number, to: number): boolean {
  if (to - from !== pattern.length) return false;
  for (let at = 0; at < pattern.length; at++) {
    const byte = raw[from + at] ?? 0;
    const wanted = pattern[at];
    if (wanted === zero ? byte < zero || byte > nine : byte !== wanted) return false;
  }
  return isMoment(
    number(raw, from) * 100 + number(raw, from + 2),
    number(raw, from + 5),
    number(raw, from + 8),
    number(raw, from + 11),
    number(raw, from + 14),
    number(raw, from + 17),
  );
}

const year2000 = Date.UTC(2000, 0, 1);
const leastYear = 100; // Date.UTC takes those before for years of the last century

/** Microseconds since 2000, in UTC; NaN for what is no time, or one so far away that a number does not tell its microseconds. */
export function microsOf(raw: Buffer): number {
  if (isPlainInstant(raw, 0, raw.length)) return microsOfPlain(raw);
  try {
    return microsOfPlain(Buffer.from(parse('', raw), 'latin1'));
  } catch {
    return NaN;
  }
}

function microsOfPlain(raw: Buffer): number {
  const two = (at: number) => number(raw, at);
  const year = two(0) * 100 + two(2);
  const ms = Date.UTC(year, two(5) - 1, two(8), two(11), two(14), two(17)) - year2000;
  const micros = ms * 1_000 + two(20) * 10_000 + two(22) * 100 + two(24);
  return year < leastYear || !Number.isSafeInteger(micros) ? NaN : micros;
}

/** The number that two digits make. */
const number = (raw: Buffer, at: number): number => ((raw[at] ?? 0) - zero) * 10 + (raw[at + 1] ?? 0) - zero;

function parse(column: string, raw: Buffer): string {
  const found = iso.exec(raw.toString('latin1'));
  if (found === null) throw new Unfit('22007', column, `${quote(raw)} is not a time`);
  const [, year, month, day, hour, minute, second = '00', fraction = '', , sign, hours, minutes = '00'] =
    found;
  const valid = isMoment(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  if (!valid) throw new Unfit('22008', column, `${quote(raw)} is not a time that exists`);
  const micros = fraction.slice(0, 6).padEnd(6, '0');
  if (sign === undefined) return `${year}-${month}-${day} ${hour}:${minute}:${second}.${micros}`;
  if (Number(hours) > 15 || Number(minutes) > 59)
    throw new Unfit('22009', column, `${quote(raw)} has no such time zone`);
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  const utc = new Date(
    Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - offset,
  ).toISOString();
  if (utc.length !== 24 || utc.startsWith('0000'))
    throw new Unfit('22008', column, `${quote(raw)} is out of range`);
  return `${utc.slice(0, 10)} ${utc.slice(11, 19)}.${micros}`;
}

const daysIn = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function isMoment(year: number, month: number, day: number, hour: number, minute: number, second: number) {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = (daysIn[month - 1] ?? 0) + (leap && month === 2 ? 1 : 0);
  return year > 0 && day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
}
